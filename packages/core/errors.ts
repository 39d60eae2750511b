/** Every error that Terse answers with. `docs/problems.md` has a heading for each. */
export type ErrorCode =
  | 'malformed_request'
  | 'uri_too_long'
  | 'headers_too_large'
  | 'request_timeout'
  | 'expectation_failed'
  | 'invalid_request'
  | 'malformed_json'
  | 'unsupported_media_type'
  | 'body_too_large'
  | 'unauthorized'
  | 'route_not_found'
  | 'method_not_allowed'
  | 'link_not_found'
  | 'link_deleted'
  | 'link_expired'
  | 'target_not_allowed'
  | 'short_code_taken'
  | 'unavailable'
  | 'overloaded'
  | 'internal_error';

/** What is wrong with one field of a request; `field` is a dotted path such as `tags.2`, or a query parameter. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** The only error whose message an outside caller may see. */
export class DomainError extends Error {
  override readonly name = 'DomainError';
  readonly code: ErrorCode;
  readonly fields: readonly FieldError[];

  constructor(code: ErrorCode, message: string, fields: readonly FieldError[] = [], options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.fields = fields;
  }
}

/** An `invalid_request` about a single field. */
export function invalidField(field: string, message: string): DomainError {
  return new DomainError('invalid_request', `${field}: ${message}`, [{ field, message }]);
}

/** The error for a short code that was never a link. */
export function linkNotFound(code: string): DomainError {
  return new DomainError('link_not_found', `There is no link with the short code "${code}".`);
}

import type { z } from '@terse/platform/zod';
import { DomainError, type FieldError } from '@terse/core/errors';

/** How many faults one answer names, so that a body full of faults does not get a larger answer. */
export const MAX_FAULTS = 100;
const MAX_FIELD_LENGTH = 200;

interface CheckOptions {
  /** Faults found before the schema runs. */
  readonly faults?: readonly FieldError[];
  /** Names the field at a path. */
  readonly fieldOf?: (path: readonly PropertyKey[]) => string;
}

/**
 * The value as the schema parses it.
 * @throws DomainError `invalid_request` with the first hundred fields that are wrong.
 */
export function check<T>(schema: z.ZodType<T>, value: unknown, options: CheckOptions = {}): T {
  const { faults = [], fieldOf = (path) => path.join('.') } = options;
  const parsed = schema.safeParse(value);
  if (parsed.success && faults.length === 0) return parsed.data;
  const issues = parsed.error?.issues ?? [];
  const fields = [...faults, ...issues.flatMap((issue) => toFieldErrors(issue, fieldOf))]
    .slice(0, MAX_FAULTS)
    .map(withShortName);
  const detail = fields.map(({ field, message }) => (field ? `${field}: ${message}` : message)).join('; ');
  throw new DomainError('invalid_request', detail, fields);
}

function toFieldErrors(
  issue: z.core.$ZodIssue,
  fieldOf: (path: readonly PropertyKey[]) => string,
): FieldError[] {
  const { path, message } = issue;
  if (issue.code !== 'unrecognized_keys') return [{ field: fieldOf(path), message }];
  return issue.keys.map((key) => ({ field: fieldOf([...path, key]), message: 'is not a known field' }));
}

function withShortName({ field, message }: FieldError): FieldError {
  return {
    field: field.length <= MAX_FIELD_LENGTH ? field : `${field.slice(0, MAX_FIELD_LENGTH)}…`,
    message,
  };
}

import type { Handler } from 'hono';
import { DomainError } from '@terse/core/errors';

/** Answers what a route's own methods did not: 405, with `Allow` as RFC 9110 asks. */
export function methodNotAllowed(...allowed: readonly string[]): Handler {
  return (c) => {
    c.header('Allow', allowed.join(', '));
    throw new DomainError('method_not_allowed', `Use ${allowed.join(' or ')} here, not ${c.req.method}.`);
  };
}

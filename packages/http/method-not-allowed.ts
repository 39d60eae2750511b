import type { Handler } from 'hono';
import { DomainError } from '@terse/core/errors';
import { problem } from './problem.ts';

/** Answers what a route's own methods did not: 405, with `Allow` as RFC 9110 asks. */
export function methodNotAllowed(...allowed: readonly string[]): Handler {
  const allow = allowed.join(', ');
  return (c) => {
    const detail = `Use ${allowed.join(' or ')} here, not ${c.req.method}.`;
    return problem(c, new DomainError('method_not_allowed', detail), { Allow: allow });
  };
}

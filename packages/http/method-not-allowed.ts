import type { Handler } from 'hono';
import { DomainError } from '@terse/core/errors';
import { problem } from './problem.ts';

/**
 * Answers what the handlers of an address did not: 405 with `Allow` (RFC 9110), which names HEAD wherever GET is. Where the
 * method is one of these, it is the address that nobody serves: 404.
 */
export function methodNotAllowed(...handled: readonly string[]): Handler {
  const allowed = handled.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  const allow = [...new Set(allowed)].join(', ');
  return (c) => {
    if (allowed.includes(c.req.method)) return c.notFound();
    const detail = `Use ${handled.join(' or ')} here, not ${c.req.method}.`;
    return problem(c, new DomainError('method_not_allowed', detail), { Allow: allow });
  };
}

import type { Handler } from 'hono';
import { DomainError } from '@terse/core/errors';
import { problem } from './problem.ts';

/**
 * Answers requests that no handler of an address took: 405 with `Allow` (RFC 9110), which names HEAD beside GET.
 * For a method in `handled`, the address does not exist, so it answers 404.
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

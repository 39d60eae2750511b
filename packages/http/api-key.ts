import type { MiddlewareHandler } from 'hono';
import { DomainError } from '@terse/core/errors';
import { isRepeated, requestHeader } from './request-header.ts';

/** The credentials of RFC 6750: visible ASCII without spaces. */
const BEARER = /^Bearer +([\x21-\x7e]{16,256}) *$/i;

/**
 * Lets a request pass only with `Authorization: Bearer <key>` (RFC 6750) and a key that is valid. Runs before load is
 * shed, so that callers without a key take no place from those with one.
 */
// Not Hono's `bearerAuth`, which refuses characters that `ADMIN_API_KEY` may have.
export function requireApiKey(isValid: (key: string) => Promise<boolean>): MiddlewareHandler {
  return async (c, next) => {
    const given = requestHeader(c, 'authorization');
    if (isRepeated(c, 'authorization')) {
      throw new DomainError('unauthorized', 'Send one Authorization header.');
    }
    const key = BEARER.exec(given ?? '')?.[1];
    if (key === undefined && !/^Bearer +\S/i.test(given ?? '')) {
      throw new DomainError('unauthorized', 'Send an API key as "Authorization: Bearer <key>".');
    }
    if (key === undefined || !(await isValid(key))) {
      throw new DomainError('unauthorized', 'The API key is not valid.');
    }
    await next();
  };
}

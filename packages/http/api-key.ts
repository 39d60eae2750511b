import type { MiddlewareHandler } from 'hono';
import { DomainError } from '@terse/core/errors';
import { requestHeader } from './request-header.ts';

const BEARER = /^Bearer +(\S+) *$/i;

/** Lets a request pass only with `Authorization: Bearer <key>` (RFC 6750) and a key that is valid. */
export function requireApiKey(isValid: (key: string) => Promise<boolean>): MiddlewareHandler {
  return async (c, next) => {
    const key = BEARER.exec(requestHeader(c, 'authorization') ?? '')?.[1];
    if (key === undefined) {
      throw new DomainError('unauthorized', 'Send an API key as "Authorization: Bearer <key>".');
    }
    if (!(await isValid(key))) throw new DomainError('unauthorized', 'The API key is not valid.');
    await next();
  };
}

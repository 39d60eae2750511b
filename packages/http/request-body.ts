import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { z } from 'zod';
import { DomainError, type FieldError } from '@terse/core/errors';
import { requestHeader } from './request-header.ts';

/**
 * Refuses bodies of more than `maxBytes`. A server reads as many bytes as `Content-Length` says and no more; a body without
 * it is counted while it is read.
 */
export function limitBody(maxBytes: number): MiddlewareHandler {
  const refuse = (): never => {
    throw new DomainError('body_too_large', `The body must have at most ${maxBytes} bytes.`);
  };
  const countWhileReading = bodyLimit({ maxSize: maxBytes, onError: refuse });
  return (c, next) => {
    const declared = requestHeader(c, 'content-length');
    // Asking for the stream of a body takes as long as inserting a link.
    if (declared === undefined || requestHeader(c, 'transfer-encoding') !== undefined) {
      return countWhileReading(c, next);
    }
    return Number(declared) > maxBytes ? refuse() : next();
  };
}

/**
 * The JSON body, checked.
 * @throws DomainError `unsupported_media_type`, `malformed_json`, or `invalid_request` with every field that is wrong.
 */
export async function readBody<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  const type = requestHeader(c, 'content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  // `curl -d` says form-urlencoded unless told otherwise; its body is what counts.
  if (type !== undefined && type !== 'application/json' && type !== 'application/x-www-form-urlencoded') {
    throw new DomainError('unsupported_media_type', `Send the body as application/json, not as ${type}.`);
  }
  const text = await c.req.text();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new DomainError('malformed_json', error instanceof Error ? error.message : 'The body is not JSON.');
  }
  return check(schema, value);
}

/**
 * The query parameters, checked.
 * @throws DomainError `invalid_request` with every parameter that is wrong.
 */
export function readQuery<T>(c: Context, schema: z.ZodType<T>): T {
  return check(schema, c.req.query());
}

function check<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.flatMap(toFieldErrors);
  const detail = fields.map(({ field, message }) => (field ? `${field}: ${message}` : message)).join('; ');
  throw new DomainError('invalid_request', detail, fields);
}

function toFieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  const path = issue.path.map(String);
  if (issue.code !== 'unrecognized_keys') return [{ field: path.join('.'), message: issue.message }];
  return issue.keys.map((key) => ({ field: [...path, key].join('.'), message: 'is not a known field' }));
}

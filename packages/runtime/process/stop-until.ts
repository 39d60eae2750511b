/** A signal that can be shut off. */
export interface StopUntil {
  /** Aborts with the outer signal, unless it was shut off before. */
  readonly signal: AbortSignal;
  /** Ends the following, because the work can no longer be stopped. */
  shutOff(): void;
}

/** Follows a signal until the work is past the point at which it could be stopped. */
export function stopUntil(outer: AbortSignal): StopUntil {
  const inner = new AbortController();
  const follow = () => inner.abort(outer.reason);
  if (outer.aborted) follow();
  else outer.addEventListener('abort', follow, { once: true });
  return { signal: inner.signal, shutOff: () => outer.removeEventListener('abort', follow) };
}

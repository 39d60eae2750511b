/** A signal that can be shut off. */
export interface StopUntil {
  /** Is aborted with the other one, unless it was shut off before. */
  readonly signal: AbortSignal;
  /** From now on the work cannot be stopped any more. */
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

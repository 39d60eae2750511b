import type { Hono } from 'hono';

/**
 * Turns an event into a request to a function, as a trigger does in production.
 * @param signal aborts when nobody waits for the answer any more.
 * @throws Error unless the function answers 2xx; the caller then delivers the event again.
 */
export async function postEvent(
  app: Pick<Hono, 'request'>,
  event: unknown,
  signal: AbortSignal | null = null,
): Promise<void> {
  const response = await app.request('/.events', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(event),
    signal,
  });
  if (!response.ok) {
    throw new Error(`The event was answered with ${response.status}: ${await response.text()}`);
  }
}

export interface Schedule {
  /** Stops ticking, aborts the tick under way, and waits for its end. */
  stop(): Promise<void>;
}

/** Calls `tick` again and again, `everyMs` after the last call ended. A tick that fails is reported and comes again. */
export function schedule(
  everyMs: number,
  tick: (signal: AbortSignal) => Promise<void>,
  onError: (error: unknown) => void,
): Schedule {
  const stopping = new AbortController();
  let running = Promise.resolve();
  let timer = setTimeout(run, everyMs);

  function run(): void {
    running = tick(stopping.signal)
      .catch(onError)
      .then(() => {
        if (!stopping.signal.aborted) timer = setTimeout(run, everyMs);
      });
  }

  return {
    stop: () => {
      stopping.abort();
      clearTimeout(timer);
      return running;
    },
  };
}

import type { Hono } from 'hono';

/**
 * Turns an event into a request to a function, as a trigger does in production.
 * @throws Error unless the function answers 2xx: the event is to come again.
 */
export async function postEvent(app: Pick<Hono, 'request'>, event: unknown): Promise<void> {
  const response = await app.request('/.events', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(event),
  });
  if (!response.ok)
    throw new Error(`The event was answered with ${response.status}: ${await response.text()}`);
}

export interface Schedule {
  /** Ticks no more, and waits for the tick under way. */
  stop(): Promise<void>;
}

/** Calls `tick` again and again, `everyMs` after the last call ended. A tick that fails is reported and comes again. */
export function schedule(
  everyMs: number,
  tick: () => Promise<void>,
  onError: (error: unknown) => void,
): Schedule {
  let stopped = false;
  let running = Promise.resolve();
  let timer = setTimeout(run, everyMs);

  function run(): void {
    running = tick()
      .catch(onError)
      .then(() => {
        if (!stopped) timer = setTimeout(run, everyMs);
      });
  }

  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      return running;
    },
  };
}

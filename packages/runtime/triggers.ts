import type { Hono } from 'hono';

/**
 * Turns an event into a request to a function, as a trigger does in production.
 * @param signal tells the function that nobody waits for its answer any more.
 * @throws Error unless the function answers 2xx: the event is to come again.
 */
export function postEvent(
  app: Pick<Hono, 'request'>,
  event: unknown,
  signal: AbortSignal | null = null,
): Promise<void> {
  const headers = { 'Content-Type': 'application/json' };
  return request(app, { headers, body: JSON.stringify(event), signal });
}

/**
 * The same for a function in this process: what it is given lies beside the request, as `c.env`, and is not turned into
 * JSON and back, which takes as long as storing it.
 * @throws Error unless the function answers 2xx.
 */
export function handOver(app: Pick<Hono, 'request'>, event: object): Promise<void> {
  return request(app, {}, event);
}

async function request(app: Pick<Hono, 'request'>, init: RequestInit, environment = {}): Promise<void> {
  const response = await app.request('/.events', { method: 'POST', ...init }, environment);
  if (!response.ok)
    throw new Error(`The event was answered with ${response.status}: ${await response.text()}`);
}

export interface Schedule {
  /** Ticks no more, aborts the tick under way, and waits for its end. */
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

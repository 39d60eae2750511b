import type { FunctionProcess } from '../processes/function-process.ts';

/** Sends an event to a function with `TRIGGER=external`, as a schedule or a broker does. */
export function sendEvent({ url }: Pick<FunctionProcess, 'url'>, event: unknown): Promise<Response> {
  return fetch(`${url}/.events`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(event),
  });
}

import { sendEvent } from '../../harness/clients/events.ts';
import type { FunctionProcess } from '../../harness/processes/function-process.ts';

/** Runs one flush of a counter-flush. @returns its answer. @throws Error when it failed. */
export async function flushOnce(flusher: Pick<FunctionProcess, 'url'>): Promise<unknown> {
  const response = await sendEvent(flusher, { task: 'flush' });
  if (!response.ok) throw new Error(`The flush was answered with ${response.status}.`);
  return response.json();
}

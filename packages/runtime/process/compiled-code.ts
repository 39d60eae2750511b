import { executionAsyncResource } from 'node:async_hooks';
import { setFlagsFromString } from 'node:v8';

let tick: object | undefined;

/**
 * Keeps what V8 has compiled for the requests of a moment ago. Compiled code is for objects of known shapes. V8 forgets
 * a shape when a full garbage collection finds no object of it, and throws away all code that knows it:
 *
 * - After a pause, when nothing is under way, V8 collects to give memory back, and forgot everything about requests:
 *   those that came next were answered at half the speed. A collection that is like any other lets a shape outlive it.
 * - The objects in which Node queues a `process.nextTick` are gone so soon that also under load none is found. A
 *   response takes several, and each was made the slow way, in a microsecond instead of 60 ns. So one is kept for good.
 */
export function keepCompiledCode(): void {
  setFlagsFromString('--no-memory-reducer-favors-memory');
  process.nextTick(() => {
    tick ??= executionAsyncResource();
  });
}

import { executionAsyncResource } from 'node:async_hooks';
import { setFlagsFromString } from 'node:v8';

let tick: object | undefined;

/**
 * Keeps code that V8 has compiled. Such code is for objects of known shapes. V8 forgets a shape when a full garbage
 * collection finds no object of it, and drops all code that relies on the shape. Two cases slowed requests down:
 *
 * - In a pause, V8 collects garbage to give memory back, and forgets the shapes of requests. The next requests then
 *   ran at half the speed. With this flag, such a collection is like any other, which a shape outlives.
 * - Node queues a `process.nextTick` in an object that is gone so soon that a collection finds none, also under load.
 *   A response makes several, which took a microsecond each instead of 60 ns. So one of them is held for good.
 */
export function keepCompiledCode(): void {
  setFlagsFromString('--no-memory-reducer-favors-memory');
  process.nextTick(() => {
    tick ??= executionAsyncResource();
  });
}

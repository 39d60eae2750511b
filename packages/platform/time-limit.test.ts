import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createTimeLimit } from './time-limit.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const hang = () => new Promise<never>(() => {});
const outcome = (call: Promise<unknown>) => call.catch((error: Error) => error.message);

test('passes on the result of a call, and its error', async () => {
  const limit = createTimeLimit(50);
  expect(await limit(Promise.resolve(7))).toBe(7);
  await expect(limit(Promise.reject(new Error('down')))).rejects.toThrow('down');
});

test('gives up each call when its own time is up, and no sooner than a tenth before', async () => {
  const limit = createTimeLimit(50);
  const givenUp: string[] = [];
  const wait = (name: string) => void limit(hang()).catch(() => givenUp.push(name));
  wait('first');
  await vi.advanceTimersByTimeAsync(22);
  wait('second');
  await vi.advanceTimersByTimeAsync(27);
  expect(givenUp).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(givenUp).toEqual(['first']);
  await vi.advanceTimersByTimeAsync(16);
  expect(givenUp).toEqual(['first']);
  await vi.advanceTimersByTimeAsync(6);
  expect(givenUp).toEqual(['first', 'second']);
});

test('leaves no timer behind when nothing is waited for', async () => {
  const limit = createTimeLimit(50);
  await limit(Promise.resolve());
  await vi.advanceTimersByTimeAsync(50);
  expect(vi.getTimerCount()).toBe(0);
});

test('does not hold the result of a call until its time limit', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const limit = createTimeLimit(50);
  const given = new WeakRef(await limit(Promise.resolve({})));
  vi.useRealTimers();
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  expect(given.deref()).toBeUndefined();
});

test('does not fail a call whose answer this process was too busy to read', async () => {
  vi.useRealTimers();
  const limit = createTimeLimit(50);
  const answered = limit(
    new Promise((resolve) => {
      setImmediate(resolve, 'answer');
    }),
  );
  const busyUntil = performance.now() + 100;
  while (performance.now() < busyUntil);
  expect(await outcome(answered)).toBe('answer');
});

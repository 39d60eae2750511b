import { expect, test, vi } from 'vitest';
import { systemClock } from './clock.ts';
import { retryUntilDone } from './retry.ts';

const down = new Error('down');

function setUp() {
  const attempt = vi.fn(() => Promise.resolve());
  const sleep = vi.fn((_ms: number, _signal?: AbortSignal) => Promise.resolve());
  return { attempt, sleep, onFailure: vi.fn() };
}

test('tries until it succeeds, after growing waits', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(1);
  const { attempt, sleep, onFailure } = setUp();
  attempt.mockRejectedValueOnce(down).mockRejectedValueOnce(down);
  const backoff = { firstMs: 10, maxMs: 1000 };
  expect(await retryUntilDone(attempt, { clock: { sleep }, onFailure, backoff })).toBe(true);
  expect(onFailure.mock.calls).toEqual([[down], [down]]);
  expect(sleep.mock.calls.map(([ms]) => ms)).toEqual([10, 20]);
});

test('gives up after an attempt that fails when it is told to end', async () => {
  const { attempt, sleep, onFailure } = setUp();
  attempt.mockRejectedValue(down);
  const signal = AbortSignal.abort();
  expect(await retryUntilDone(attempt, { clock: { sleep }, onFailure, signal })).toBe(false);
  expect(attempt).toHaveBeenCalledTimes(1);
  expect(sleep).not.toHaveBeenCalled();
});

test('does not wait out its time when it is told to end, and tries once more', async () => {
  const { attempt, onFailure } = setUp();
  const ending = new AbortController();
  attempt.mockRejectedValue(down).mockImplementationOnce(() => {
    setImmediate(() => ending.abort());
    return Promise.reject(down);
  });
  const backoff = { firstMs: 60_000, maxMs: 60_000 };
  const { signal } = ending;
  expect(await retryUntilDone(attempt, { clock: systemClock, onFailure, backoff, signal })).toBe(false);
  expect(attempt).toHaveBeenCalledTimes(2);
});

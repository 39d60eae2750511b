import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createGuard } from './guard.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const options = { timeoutMs: 50, maxConcurrent: 2, maxWaiting: 1 };
const down = () => Promise.reject(new Error('down'));
const hang = () => new Promise<never>(() => {});

test('passes on the result of a call, and its error', async () => {
  const guard = createGuard(options);
  expect(await guard(() => Promise.resolve(7))).toBe(7);
  await expect(guard(down)).rejects.toThrow('down');
});

test('gives up a call that takes too long', async () => {
  const guard = createGuard(options);
  const call = guard(hang).catch((error: Error) => error.message);
  await vi.advanceTimersByTimeAsync(50);
  expect(await call).toMatch(/timed out/i);
});

test('sets no time limit when it has no timeout', async () => {
  const guard = createGuard({ maxConcurrent: 2, maxWaiting: 1 });
  const { promise, resolve } = Promise.withResolvers<number>();
  const call = guard(() => promise);
  await vi.advanceTimersByTimeAsync(60_000);
  resolve(7);
  expect(await call).toBe(7);
});

test('bounds how many calls are made, and how many wait', async () => {
  const guard = createGuard(options);
  const made = vi.fn(hang);
  const calls = [guard(made), guard(made), guard(made), guard(made)].map((call) =>
    call.catch((error: Error) => error.message),
  );
  expect(await calls[3]).toMatch(/bulkhead/i);
  expect(made).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(200);
  await Promise.all(calls);
  expect(made).toHaveBeenCalledTimes(3);
});

describe('a backing service that fails again and again', () => {
  test('is not called any more, and is tried once a second until it is back', async () => {
    const guard = createGuard(options);
    const call = vi.fn(down);
    for (let failures = 0; failures < 5; failures++) await guard(call).catch(() => {});
    for (let more = 0; more < 100; more++) await expect(guard(call)).rejects.toThrow(/breaker is open/i);
    expect(call).toHaveBeenCalledTimes(5);

    await vi.advanceTimersByTimeAsync(1000);
    await expect(guard(call)).rejects.toThrow('down');
    await expect(guard(call)).rejects.toThrow(/breaker is open/i);
    expect(call).toHaveBeenCalledTimes(6);

    await vi.advanceTimersByTimeAsync(1000);
    expect(await guard(() => Promise.resolve('back'))).toBe('back');
    expect(await guard(() => Promise.resolve('still'))).toBe('still');
  });
});

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { batch, type BatchOptions } from './batch.ts';
import type { Delivery, Message, Subscriber } from '@terse/core/visits/ports';

beforeEach(() => {
  vi.useFakeTimers();
  // Without this, the waits would differ from run to run.
  vi.spyOn(Math, 'random').mockReturnValue(1);
});
afterEach(() => {
  vi.useRealTimers();
});

/** Sleeps on the timers of the test. */
const sleep = (ms: number, signal?: AbortSignal) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => resolve());
  });

function setUp(
  options: Partial<BatchOptions> = {},
  handle = vi.fn((_messages: readonly Message[]) => Promise.resolve()),
) {
  let onDelivery: ((delivery: Delivery) => void) | undefined;
  const closed = vi.fn(() => Promise.resolve());
  const onError = vi.fn();
  const subscriber: Subscriber = {
    subscribe: vi.fn((_prefetch: number, listener: (delivery: Delivery) => void) => {
      onDelivery = listener;
      return { close: closed };
    }),
  };
  const subscription = batch(
    subscriber,
    { maxMessages: 3, maxLength: 1000, maxWaitMs: 100, atOnce: 1, clock: { sleep }, onError, ...options },
    handle,
  );
  const deliver = (body: string) => {
    const delivery = { body, acknowledge: vi.fn() };
    onDelivery?.(delivery);
    return delivery;
  };
  return { subscriber, subscription, deliver, handle, closed, onError };
}

const bodies = (...each: readonly string[]) => each.map((body) => ({ body }));
const nextTurn = () => vi.advanceTimersByTimeAsync(0);

test('asks for one batch more in advance than it handles at once', () => {
  expect(setUp().subscriber.subscribe).toHaveBeenCalledWith(6, expect.any(Function));
  expect(setUp({ atOnce: 2 }).subscriber.subscribe).toHaveBeenCalledWith(9, expect.any(Function));
});

test('handles a full batch at once', () => {
  const { deliver, handle } = setUp();
  for (const body of ['1', '2', '3']) deliver(body);
  expect(handle.mock.calls).toEqual([[bodies('1', '2', '3')]]);
});

test('handles an incomplete batch when its first message has waited long enough', async () => {
  const { deliver, handle } = setUp();
  deliver('1');
  await vi.advanceTimersByTimeAsync(60);
  deliver('2');
  await vi.advanceTimersByTimeAsync(39);
  expect(handle).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(handle.mock.calls).toEqual([[bodies('1', '2')]]);
});

test('keeps a batch within its length, but always takes one message', () => {
  const { deliver, handle } = setUp({ maxLength: 10 });
  deliver('x'.repeat(25));
  expect(handle.mock.calls).toEqual([[bodies('x'.repeat(25))]]);
});

describe('acknowledges', () => {
  test('after the batch is dealt with, never before', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { deliver } = setUp(
      { maxMessages: 1 },
      vi.fn(() => promise),
    );
    const delivery = deliver('1');
    await vi.advanceTimersByTimeAsync(1000);
    expect(delivery.acknowledge).not.toHaveBeenCalled();
    resolve();
    await nextTurn();
    expect(delivery.acknowledge).toHaveBeenCalledTimes(1);
  });

  test('nothing of a failed batch, which is tried again after growing waits until it succeeds', async () => {
    const handle = vi.fn((_messages: readonly Message[]) => Promise.resolve());
    for (let failures = 0; failures < 3; failures++) handle.mockRejectedValueOnce(new Error('down'));
    const { deliver, onError } = setUp({ maxMessages: 2 }, handle);
    const deliveries = [deliver('1'), deliver('2')];
    await vi.advanceTimersByTimeAsync(500 + 1000 + 1999);
    expect(handle).toHaveBeenCalledTimes(3);
    expect(deliveries.some(({ acknowledge }) => acknowledge.mock.calls.length > 0)).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(handle.mock.calls).toEqual(Array.from({ length: 4 }, () => [bodies('1', '2')]));
    expect(onError).toHaveBeenCalledTimes(3);
    expect(deliveries.every(({ acknowledge }) => acknowledge.mock.calls.length === 1)).toBe(true);
  });

  test('nothing of a batch that still fails when it is told to close', async () => {
    const { deliver, subscription, handle, closed } = setUp(
      { maxMessages: 1 },
      vi.fn(() => Promise.reject(new Error('down'))),
    );
    const deliveries = [deliver('1'), deliver('2')];
    await vi.advanceTimersByTimeAsync(100);
    await subscription.close();
    expect(handle).toHaveBeenCalledTimes(2);
    expect(closed).toHaveBeenCalledTimes(1);
    expect(deliveries.some(({ acknowledge }) => acknowledge.mock.calls.length > 0)).toBe(false);
  });
});

test('handles one batch at a time, and the messages that gathered meanwhile right after it', async () => {
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let calls = 0;
  const handle = vi.fn(() => gates[calls++]?.promise ?? Promise.resolve());
  const { deliver } = setUp({ maxMessages: 2 }, handle);
  for (const body of ['1', '2', '3', '4', '5']) deliver(body);
  expect(handle).toHaveBeenCalledTimes(1);
  gates[0]?.resolve();
  await nextTurn();
  expect(handle).toHaveBeenLastCalledWith(bodies('3', '4'));
  await vi.advanceTimersByTimeAsync(1000);
  gates[1]?.resolve();
  await nextTurn();
  expect(handle).toHaveBeenLastCalledWith(bodies('5'));
});

test('handles several batches at once, and acknowledges each when that batch is dealt with', async () => {
  const gates = Array.from({ length: 3 }, () => Promise.withResolvers<void>());
  let calls = 0;
  const handle = vi.fn(() => gates[calls++]?.promise ?? Promise.resolve());
  const { deliver, subscription } = setUp({ maxMessages: 2, atOnce: 2 }, handle);
  const deliveries = ['1', '2', '3', '4', '5', '6'].map(deliver);
  const acknowledged = () =>
    deliveries.flatMap(({ body, acknowledge }) => (acknowledge.mock.calls.length > 0 ? body : []));
  expect(handle.mock.calls).toEqual([[bodies('1', '2')], [bodies('3', '4')]]);
  gates[1]?.resolve();
  await nextTurn();
  expect(acknowledged()).toEqual(['3', '4']);
  expect(handle).toHaveBeenLastCalledWith(bodies('5', '6'));
  const closing = subscription.close();
  gates[2]?.resolve();
  await nextTurn();
  expect(acknowledged()).toEqual(['3', '4', '5', '6']);
  gates[0]?.resolve();
  await closing;
  expect(acknowledged()).toEqual(['1', '2', '3', '4', '5', '6']);
});

test('handles the gathered messages before it closes', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { deliver, subscription, handle, closed } = setUp(
    { maxMessages: 2 },
    vi.fn(() => promise),
  );
  const deliveries = ['1', '2', '3'].map(deliver);
  const closing = subscription.close();
  await nextTurn();
  expect(closed).not.toHaveBeenCalled();
  resolve();
  await closing;
  expect(handle).toHaveBeenCalledTimes(2);
  expect(deliveries.every(({ acknowledge }) => acknowledge.mock.calls.length === 1)).toBe(true);
  expect(closed).toHaveBeenCalledTimes(1);
});

import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { postEvent, schedule } from './triggers.ts';

describe('an event', () => {
  test('reaches the function as a request', async () => {
    const seen = vi.fn();
    const app = new Hono().post('/.events', async (c) => {
      seen(await c.req.json());
      return c.json({});
    });
    await postEvent(app, { task: 'flush' });
    expect(seen).toHaveBeenCalledWith({ task: 'flush' });
  });

  test.each([422, 500, 503] as const)('fails when the function answers %i', async (status) => {
    const app = new Hono().post('/.events', (c) => c.text('no', status));
    await expect(postEvent(app, {})).rejects.toThrow(`answered with ${status}: no`);
  });
});

describe('a schedule', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('ticks again a while after the last tick ended, also after one that failed', async () => {
    const onError = vi.fn();
    const tick = vi.fn(() => new Promise<void>((resolve) => setTimeout(resolve, 30)));
    tick.mockRejectedValueOnce(new Error('down'));
    const running = schedule(100, tick, onError);
    await vi.advanceTimersByTimeAsync(100);
    expect(onError).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(100 + 30 + 99);
    expect(tick).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(tick).toHaveBeenCalledTimes(3);
    const stopped = running.stop();
    await vi.advanceTimersByTimeAsync(1000);
    await stopped;
    expect(tick).toHaveBeenCalledTimes(3);
  });
});

import type { ShortCode } from '@terse/core/links/short-code';
import { HOUR_MS } from '@terse/platform/durations';
import type { OpenDatabase } from '@terse/repository/open-database';
import { openTestDatabase } from '@terse/repository/test-database';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { CODES, type Counting, openCounting, WINDOW_MS } from './test-counting.ts';

let database: OpenDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

describe('a count', () => {
  const [a = 'a' as ShortCode] = CODES;
  let counting: Counting;
  beforeEach(async () => {
    counting = await openCounting(database);
  });
  const shown = async () => (await counting.shown()).get(a);

  /** Ticks for a day. */
  async function passDay(): Promise<void> {
    await counting.tick();
    counting.clock.advance(WINDOW_MS);
    await counting.tick();
    await counting.tick();
  }

  test('keeps visits for a day that a stopped writer or a switched-off disk holds', async () => {
    await counting.record(a, 150);
    for (let hours = 0; hours < 23; hours++) {
      await counting.tick();
      counting.clock.advance(HOUR_MS);
      expect(await shown()).toBe(150);
    }
    await counting.store(150);
    await counting.tick();
    await passDay();
    expect(await shown()).toBe(150);
  });

  test.each([
    ['the queue', (w: Counting) => w.backlog.waiting.mockResolvedValue(1)],
    ['a queue that does not answer', (w: Counting) => w.backlog.waiting.mockRejectedValue(new Error('down'))],
    ['the overflow queue', (w: Counting) => w.overflow.peek.mockResolvedValue([{ id: '1', body: '[]' }])],
    [
      'an overflow queue that does not answer',
      (w: Counting) => w.overflow.peek.mockRejectedValue(new Error('down')),
    ],
  ])('keeps visits for as long as some wait in %s', async (_, wait) => {
    wait(counting);
    await counting.record(a, 5);
    for (let days = 0; days < 5; days++) await passDay();
    expect(await shown()).toBe(5);
  });

  test('that was lowered for lost visits has them one tick after they arrive', async () => {
    await counting.record(a, 5);
    await passDay();
    expect(await shown()).toBe(0);
    await counting.store(5);
    await counting.tick();
    expect(await shown()).toBe(5);
  });

  test('has the visits that Redis lost after the next tick', async () => {
    await counting.record(a, 5);
    counting.wipe();
    expect(await shown()).toBe(0);
    await counting.store(5);
    await counting.tick();
    expect(await shown()).toBe(5);
  });

  test('has visits once when a redirect counts them after they are stored', async () => {
    vi.spyOn(counting.counter, 'add').mockResolvedValueOnce();
    await counting.record(a, 5);
    await counting.store(5);
    await counting.merge();
    counting.meanwhile.push(() => counting.counter.add('late', new Map([[a, 5]])));
    await counting.tick();
    expect(counting.meanwhile).toEqual([]);
    expect(await shown()).toBe(5);
  });

  test('is restored by the next tick after a tick is aborted during its wait', async () => {
    await counting.record(a, 5);
    counting.wipe();
    await counting.store(5);
    await counting.merge();
    const stopping = new AbortController();
    counting.meanwhile.push(() => {
      stopping.abort();
      return Promise.resolve();
    });
    expect(await counting.reconciliation().restore(8000, stopping.signal)).toBe(0);
    expect(await shown()).toBe(0);
    await counting.tick();
    expect(await shown()).toBe(5);
  });

  test('is not restored while the counter cannot say what is pending', async () => {
    await counting.record(a, 5);
    await counting.store(5);
    await counting.merge();
    vi.spyOn(counting.counter, 'pending').mockRejectedValueOnce(new Error('down'));
    await expect(counting.reconciliation().restore(0)).rejects.toThrow('down');
    await counting.tick();
    expect(await shown()).toBe(5);
  });
});

import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createMemoryCounter } from '@terse/cache/memory-counter';
import { createCountService } from './count-service.ts';
import type { CounterBatch } from './counter-batch.ts';
import type { ShortCode } from '../links/short-code.ts';
import { createTestClock } from '@terse/platform/test-clock';
import { DAY_MS } from '@terse/platform/durations';
import { createTestMetrics } from '../test-metrics.ts';
import type { CounterRepository } from './ports.ts';

const a = 'a' as ShortCode;

/** Applies each batch once, as the contract of the repository says. */
function createCountingRepository() {
  const ledger = new Set<string>();
  const counts = new Map<ShortCode, number>();
  const apply = vi.fn((batch: CounterBatch) => {
    if (ledger.has(batch.id)) return Promise.resolve(false);
    ledger.add(batch.id);
    for (const [code, delta] of batch.deltas) counts.set(code, (counts.get(code) ?? 0) + delta);
    return Promise.resolve(true);
  });
  const prune = vi.fn(() => Promise.resolve(7));
  return { repository: { apply, prune } satisfies CounterRepository, counts };
}

function setUp() {
  const clock = createTestClock();
  const counter = createMemoryCounter({ clock });
  const { repository, counts } = createCountingRepository();
  const options = { counter, repository, clock, metrics: createTestMetrics() };
  return {
    ...options,
    counts,
    service: createCountService(options),
    open: () => createCountService(options),
  };
}

let services: ReturnType<typeof setUp>;
beforeEach(() => {
  services = setUp();
});
const add = (id: string, visits: number) => services.counter.add(id, new Map([[a, visits]]));

describe('a flush', () => {
  test('adds the counts to the links, once', async () => {
    await add('1', 3);
    expect(await services.service.flush()).toBe(3);
    expect(await services.service.flush()).toBe(0);
    expect(services.counts.get(a)).toBe(3);
  });

  test('that died before it applied its batch is finished by the next', async () => {
    await add('1', 3);
    services.repository.apply.mockRejectedValueOnce(new Error('killed'));
    await expect(services.service.flush()).rejects.toThrow('killed');
    await add('2', 4);
    expect(await services.service.flush()).toBe(7);
    expect(services.counts.get(a)).toBe(7);
  });

  test('that died after it applied its batch, but before it settled it, does not count twice', async () => {
    await add('1', 3);
    vi.spyOn(services.counter, 'settle').mockRejectedValueOnce(new Error('killed'));
    await expect(services.service.flush()).rejects.toThrow('killed');
    await add('2', 4);
    expect(await services.service.flush()).toBe(4);
    expect(services.counts.get(a)).toBe(7);
  });

  test('applies the other batches when one fails, and throws its error', async () => {
    const batch = (id: string, visits: number) => ({ id, deltas: new Map([[a, visits]]) });
    vi.spyOn(services.counter, 'freeze').mockResolvedValue([batch('bad', 1), batch('good', 5)]);
    const settle = vi.spyOn(services.counter, 'settle');
    services.repository.apply.mockRejectedValueOnce(new Error('refused'));
    await expect(services.service.flush()).rejects.toThrow('refused');
    expect(services.counts.get(a)).toBe(5);
    expect(settle.mock.calls).toEqual([['good']]);
  });

  test('beside others neither loses nor doubles', async () => {
    let expected = 0;
    for (let round = 0; round < 50; round++) {
      expected += round;
      await Promise.all([
        add(`${round}`, round),
        services.open().flush(),
        services.open().flush(),
        services.open().flush(),
      ]);
    }
    await services.service.flush();
    expect(services.counts.get(a)).toBe(expected);
  });
});

test('prunes ledger entries older than thirty days', async () => {
  const { repository, service, clock } = services;
  expect(await service.prune()).toBe(7);
  expect(repository.prune).toHaveBeenCalledWith(new Date(clock.now() - 30 * DAY_MS), 2000);
});

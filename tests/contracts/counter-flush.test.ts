import { randomUUID } from 'node:crypto';
import { createRedisCounter } from '@terse/cache/redis-counter';
import { openRedisTcp } from '@terse/cache/redis-tcp';
import { systemClock } from '@terse/platform/clock';
import { type CountService, createCountService } from '@terse/core/counts/count-service';
import type { ShortCode } from '@terse/core/links/short-code';
import { testLink } from '@terse/core/links/test-link';
import { createTestMetrics } from '@terse/core/test-metrics';
import { createCounterRepository } from '@terse/repository/counter-repository';
import { migrate } from '@terse/repository/migrate';
import { openPostgres } from '@terse/repository/postgres';
import { createLinkRepository } from '@terse/repository/link-repository';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { tellRedis } from '../../harness/servers/connections.ts';
import { createDatabase } from '../../harness/servers/postgres.ts';
import { describeOnRealServices } from '../on-real-services.ts';

const STEPS = ['freeze', 'apply', 'settle'] as const;
type Step = (typeof STEPS)[number];
const MOMENTS = STEPS.flatMap((step) => [[step, 'before'] as const, [step, 'after'] as const]);
const FLUSHERS = 10;
const ADDITIONS = 2000;

describeOnRealServices('flushing counts from Redis to PostgreSQL', (services) => {
  const codes = Array.from({ length: 20 }, (_, index) => `code${index}` as ShortCode);
  let redis: ReturnType<typeof openRedisTcp>;
  let database: ReturnType<typeof openPostgres>;

  beforeAll(async () => {
    const url = await createDatabase(services.databaseUrl, 'counter_flush');
    database = openPostgres({ url, name: 'terse-test', poolSize: 10, statementTimeoutMs: 10_000 });
    await migrate(database.db);
    redis = openRedisTcp({ url: services.redisUrl, name: 'terse-test', timeoutMs: 2000, onError: () => {} });
    await vi.waitFor(() => redis.command('PING'));
  });
  beforeEach(async () => {
    await tellRedis(services.redisUrl, 'FLUSHALL');
    await database.db.deleteFrom('links').execute();
    const links = createLinkRepository({ db: database.db, clock: systemClock });
    for (const short_code of codes) await links.create({ ...testLink, tags: [], short_code });
  });
  afterAll(async () => {
    await redis.close();
    await database.close();
  });

  const counted = async () => {
    const links = await createLinkRepository({ db: database.db, clock: systemClock }).read(codes, []);
    return links.reduce((sum, { visit_count }) => sum + visit_count, 0);
  };

  /** A counter-flush that is killed right before or right after the steps for which `dies` is true. */
  function createFlusher(dies: (step: Step, moment: 'before' | 'after') => boolean): CountService {
    const counter = createRedisCounter(redis);
    const repository = createCounterRepository({ db: database.db, clock: systemClock });
    const mortal =
      <A extends unknown[], R>(step: Step, work: (...args: A) => Promise<R>) =>
      async (...args: A) => {
        if (dies(step, 'before')) throw new Error('killed');
        const result = await work(...args);
        if (dies(step, 'after')) throw new Error('killed');
        return result;
      };
    return createCountService({
      counter: {
        freeze: mortal('freeze', counter.freeze),
        settle: mortal('settle', counter.settle),
      },
      repository: { ...repository, apply: mortal('apply', repository.apply) },
      clock: systemClock,
      metrics: createTestMetrics(),
    });
  }

  async function addAll(additions: number): Promise<void> {
    const counter = createRedisCounter(redis);
    for (let added = 0; added < additions; added++) {
      await counter.add(
        randomUUID(),
        new Map([[codes[added % codes.length] ?? codes[0] ?? testLink.short_code, 1]]),
      );
    }
  }

  test.each(MOMENTS)('counts once when a flush is killed at "%s", right %s it', async (step, moment) => {
    await addAll(100);
    const mortal = createFlusher((...at) => at[0] === step && at[1] === moment);
    await expect(mortal.flush()).rejects.toThrow('killed');
    await addAll(100);
    await createFlusher(() => false).flush();
    expect(await counted()).toBe(200);
  });

  test('counts once with ten concurrent flushes, each killed repeatedly at any step', async () => {
    const added = new AbortController();
    let deaths = 0;
    const flushUntilAdded = async () => {
      while (!added.signal.aborted) {
        const mortal = createFlusher(() => Math.random() < 0.1);
        await mortal.flush().catch((error: unknown) => {
          if (!(error instanceof Error && error.message === 'killed')) throw error;
          deaths++;
        });
      }
    };
    const flushing = Promise.all(Array.from({ length: FLUSHERS }, flushUntilAdded));
    await addAll(ADDITIONS);
    added.abort();
    await flushing;
    await createFlusher(() => false).flush();
    expect(await counted()).toBe(ADDITIONS);
    expect(deaths).toBeGreaterThan(FLUSHERS);
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import { createRedisCounter } from '@terse/cache/redis-counter';
import type { ShortCode } from '@terse/core/links/short-code';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { describeOnRealServices } from '../on-real-services.ts';
import { type LambdaDeployment, openLambdaDeployment } from './lambda-deployment.ts';
import { withRedis } from './with-redis.ts';

describeOnRealServices('the counter-flush on AWS Lambda', (services) => {
  let deployment: LambdaDeployment;
  beforeAll(async () => {
    deployment = await openLambdaDeployment(services, 'counter-flush');
  });
  afterAll(() => deployment.close());
  afterEach(() => deployment.stop());

  // It has no schedule of its own. The status codes are those of infra/functions/counter-flush.ts.
  const startFlush = () =>
    deployment.startFlush({ COUNTER_FLUSH_SECONDS: '1', AWS_LWA_ERROR_STATUS_CODES: '400-599' });

  async function countOfSpring(): Promise<number> {
    const [row] = await deployment.sql`select visit_count from links where short_code = 'spring'`;
    return Number(row?.['visit_count']);
  }

  test('adds counts to links at a tick of the schedule, and at no other time', async () => {
    const flush = await startFlush();
    await flush.invoke({ task: 'flush' });
    const before = await countOfSpring();
    await withRedis(services, (redis) =>
      createRedisCounter(redis).add(uuidv7(), new Map([['spring' as ShortCode, 3]])),
    );
    await sleep(1500);
    expect(await flush.invoke({ task: 'flush' })).toMatchObject({ flushed: 3 });
    expect(await flush.invoke({ task: 'flush' })).toMatchObject({ flushed: 0 });
    expect((await countOfSpring()) - before).toBe(3);
    expect(await flush.invoke({ task: 'maintain', grace_ms: 0 })).toMatchObject({ flushed: 0 });
  });

  test('fails a malformed tick, which then becomes a dead letter of the schedule', async () => {
    const flush = await startFlush();
    for (const tick of [{ task: 'flsh' }, {}, [], { messages: [] }]) {
      await expect(flush.invoke(tick)).rejects.toThrow(/^4\d\d /);
    }
  });
});

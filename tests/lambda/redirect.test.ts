import { createRedisCounter } from '@terse/cache/redis-counter';
import { createRedisOverflowQueue } from '@terse/cache/redis-overflow-queue';
import type { ShortCode } from '@terse/core/links/short-code';
import { openRabbitmq } from '@terse/queue/rabbitmq';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { BROWSER } from '../../harness/clients/browser.ts';
import { tellRedis } from '../../harness/servers/connections.ts';
import { describeOnRealServices } from '../on-real-services.ts';
import { type LambdaDeployment, openLambdaDeployment } from './lambda-deployment.ts';
import { withRedis } from './with-redis.ts';

const SPRING = 'spring' as ShortCode;

describeOnRealServices('a redirect on AWS Lambda, which is frozen after its answer,', (services) => {
  let deployment: LambdaDeployment;
  beforeAll(async () => {
    deployment = await openLambdaDeployment(services, 'redirect', 'counter-flush');
  });
  beforeEach(() => tellRedis(services.redisUrl, 'FLUSHALL'));
  afterAll(() => deployment.close());
  afterEach(() => deployment.stop());

  /** Follows a link as a visitor, and freezes the function as soon as it has answered. */
  async function visitAndFreeze(broker: string): Promise<void> {
    const redirect = await deployment.start('redirect', {
      DATABASE_URL_SECRET: deployment.secrets.reference('redirect', 'url'),
      RABBITMQ_URL_SECRET: deployment.secrets.reference(broker, 'url'),
      ...deployment.store(),
    });
    // Its connection to the broker begins at start, and no visitor waits for it.
    await vi.waitFor(async () => {
      const { services } = (await (await fetch(redirect.readiness)).json()) as {
        services: { queue: string };
      };
      expect(services.queue).toBe(broker === 'broker' ? 'up' : 'down');
    });
    const headers = { 'User-Agent': BROWSER };
    const answer = await redirect.request('/spring', { headers });
    redirect.freeze();
    try {
      expect(answer.status).toBe(307);
      await vi.waitFor(async () => expect(await pendingCounts()).toBe(1));
    } finally {
      redirect.thaw();
    }
  }

  const pendingCounts = () =>
    withRedis(services, async (redis) => {
      const batches = await createRedisCounter(redis).pending([SPRING]);
      return batches.reduce((sum, { deltas }) => sum + (deltas.get(SPRING) ?? 0), 0);
    });

  test('has published and counted a visit by then', async () => {
    const queue = openRabbitmq({ url: services.rabbitmqUrl, name: 'terse-test', onError: () => {} });
    const bodies: string[] = [];
    const subscription = queue.subscribe(10, ({ body, acknowledge }) => {
      bodies.push(body);
      acknowledge();
    });
    await visitAndFreeze('broker');
    await vi.waitFor(() => expect(bodies.join()).toContain(BROWSER), { timeout: 5000 });
    await subscription.close();
    await queue.close();
  });

  test('has put a visit into the overflow queue by then while the broker is down', async () => {
    await visitAndFreeze('nowhere');
    const messages = await withRedis(services, (redis) =>
      createRedisOverflowQueue(redis, 1_000_000).peek(10),
    );
    expect(messages.map(({ body }) => body).join()).toContain(BROWSER);
    const flush = await deployment.startFlush();
    expect(await flush.invoke({ task: 'flush' })).toMatchObject({ flushed: 1, drained: 1 });
  });
});

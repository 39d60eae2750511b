import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { v7 as uuidv7 } from 'uuid';
import type { ShortCode } from '@terse/core/links/short-code';
import { openRedisRest } from '@terse/cache/redis-rest';
import { createRedisCounter } from '@terse/cache/redis-counter';
import { createRedisOverflowQueue } from '@terse/cache/redis-overflow-queue';
import type { RedisConnection } from '@terse/cache/redis-connection';
import { openRabbitmq } from '@terse/queue/rabbitmq';
import { openDeadLetterBox } from '@terse/queue/rabbitmq-dead-letters';
import postgres from 'postgres';
import { loginSetting } from '@terse/platform/function-manifest';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { BROWSER } from '../../harness/clients/browser.ts';
import { MANIFESTS } from '../../functions/manifests.ts';
import { describeOnRealServices } from '../on-real-services.ts';
import { createDatabase } from '../../harness/servers/postgres.ts';
import { type ContainerLambda, InvocationError, startContainerLambda } from './container-lambda.ts';
import { type SecretsManager, startSecretsManager } from './secrets-manager.ts';

const SPRING = 'spring' as ShortCode;
const API_KEY = 'lambda-test-key-0123456789';
const node = (...args: string[]) => promisify(execFile)(process.execPath, args);

describeOnRealServices('the image for AWS Lambda', (services) => {
  let owner: postgres.Sql;
  let secrets: SecretsManager;
  let running: ContainerLambda | undefined;

  beforeAll(async () => {
    await node(
      'infra/bundle/main.ts',
      'migrate',
      'visit-writer',
      'counter-flush',
      'links',
      'redirect',
      'lambda-secrets',
    );
    const url = await createDatabase(services.databaseUrl, 'lambda');
    const login = (name: string) => {
      const address = new URL(url);
      return Object.assign(address, { username: `lambda_${name}`, password: 'p' }).href;
    };
    const { makesLoginsOf } = MANIFESTS.migrate;
    const logins = makesLoginsOf.map((of) => [loginSetting(of), login(of.name)]);
    await promisify(execFile)(process.execPath, ['dist/migrate/main.js'], {
      env: { DATABASE_URL: url, ...Object.fromEntries(logins) },
    });
    owner = postgres(url, { max: 1, onnotice: () => {} });
    secrets = await startSecretsManager({
      ...Object.fromEntries(makesLoginsOf.map(({ name }) => [name, { url: login(name) }])),
      broker: { url: services.rabbitmqUrl },
      nowhere: { url: 'amqp://127.0.0.1:1', databaseUrl: 'postgres://user:p@127.0.0.1:1/terse' },
      redis: { restToken: services.upstashToken },
      admin: { key: API_KEY },
    });
    await owner`insert into links (short_code, original_url, created_at, updated_at)
      values ('spring', 'https://example.com/', now(), now())`;
  });
  afterAll(async () => {
    await owner.end();
    secrets.close();
  });
  afterEach(async () => {
    await running?.stop();
    running = undefined;
  });

  const store = () => ({
    UPSTASH_REDIS_REST_URL: services.upstashUrl,
    UPSTASH_REDIS_REST_TOKEN_SECRET: secrets.reference('redis', 'restToken'),
  });

  async function start(name: string, settings: Readonly<Record<string, string>>): Promise<ContainerLambda> {
    await running?.stop();
    running = await startContainerLambda(name, { ...secrets.settings, LOG_LEVEL: 'warn', ...settings });
    return running;
  }

  const startWriter = () =>
    start('visit-writer', {
      DATABASE_URL_SECRET: secrets.reference('visit-writer', 'url'),
      RABBITMQ_URL_SECRET: secrets.reference('broker', 'url'),
    });

  const startFlush = () =>
    start('counter-flush', {
      DATABASE_URL_SECRET: secrets.reference('counter-flush', 'url'),
      RABBITMQ_URL_SECRET: secrets.reference('broker', 'url'),
      ...store(),
      // Not that it waits for itself.
      COUNTER_FLUSH_SECONDS: '1',
      // As infra/functions/counter-flush.ts sets it.
      AWS_LWA_ERROR_STATUS_CODES: '400-599',
    });

  const visit = () => ({
    id: uuidv7(),
    short_code: SPRING,
    ip: null,
    timestamp: Date.now(),
    user_agent: null,
    referrer: null,
    country: null,
    is_bot: false,
  });

  /** As the event source mapping of a RabbitMQ broker delivers a batch. */
  const batch = (...bodies: readonly unknown[]) => ({
    eventSource: 'aws:rmq',
    eventSourceArn: 'arn:aws:mq:eu-central-1:123456789012:broker:terse:b-0f5d',
    rmqMessagesByQueue: {
      'visits::/': bodies.map((body) => ({
        basicProperties: {
          contentType: 'application/json',
          contentEncoding: 'utf-8',
          headers: { 'x-delivery-count': 0 },
          deliveryMode: 2,
          priority: null,
          correlationId: null,
          replyTo: null,
          expiration: null,
          messageId: '1',
          timestamp: null,
          type: null,
          userId: null,
          appId: null,
          clusterId: null,
          bodySize: 80,
        },
        redelivered: false,
        data: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)).toString('base64'),
      })),
    },
  });

  const stored = async (...ids: readonly string[]) => {
    const rows = await owner`select id from visits where id in ${owner(ids)}`;
    return rows.length;
  };

  test('stores a batch from RabbitMQ, and sets aside what in it is no visit', async () => {
    const box = await openDeadLetterBox({ url: services.rabbitmqUrl });
    await box.purge();
    const visits = [visit(), visit(), visit()] as const;
    const writer = await startWriter();
    const answer = await writer.invoke(
      batch([visits[0], visits[1]], 'not JSON', [visits[2], { id: 'no visit' }]),
    );
    expect(answer).toEqual({ stored: 3, duplicates: 0, orphans: 0, rejected: 2, postponed: 0 });
    expect(await stored(...visits.map(({ id }) => id))).toBe(3);
    expect(await box.list(10)).toHaveLength(2);
    await box.purge();
    await box.close();
  });

  test('fails a batch that could not be stored, and stores it once when it comes again', async () => {
    const one = visit();
    const writer = await startWriter();
    await owner`alter table visits rename to away`;
    try {
      await expect(writer.invoke(batch([one]))).rejects.toThrow(InvocationError);
    } finally {
      await owner`alter table away rename to visits`;
    }
    expect(await writer.invoke(batch([one]))).toEqual({
      stored: 1,
      duplicates: 0,
      orphans: 0,
      rejected: 0,
      postponed: 0,
    });
    expect(await writer.invoke(batch([one]))).toEqual({
      stored: 0,
      duplicates: 1,
      orphans: 0,
      rejected: 0,
      postponed: 0,
    });
    expect(await stored(one.id)).toBe(1);
  });

  test('takes no messages by itself: the event source mapping does', async () => {
    const queue = openRabbitmq({ url: services.rabbitmqUrl, name: 'terse-test', onError: () => {} });
    const one = visit();
    await vi.waitFor(() => queue.publish(JSON.stringify([one])), { timeout: 10_000 });
    const writer = await startWriter();
    await writer.invoke(batch([visit()]));
    const bodies: string[] = [];
    const subscription = queue.subscribe(10, ({ body, acknowledge }) => {
      bodies.push(body);
      acknowledge();
    });
    await vi.waitFor(() => expect(bodies).toContain(JSON.stringify([one])), { timeout: 20_000 });
    await subscription.close();
    await queue.close();
    expect(await stored(one.id)).toBe(0);
  });

  test('brings counts to the links when the schedule says so, and at no other time', async () => {
    const redis = openRedisRest({ url: services.upstashUrl, token: services.upstashToken, timeoutMs: 2000 });
    const counter = createRedisCounter(redis);
    const flush = await startFlush();
    await flush.invoke({ task: 'flush' });
    const [before] = await owner`select visit_count from links where short_code = 'spring'`;
    await counter.add(uuidv7(), new Map([[SPRING, 3]]));
    await sleep(1500);
    expect(await flush.invoke({ task: 'flush' })).toMatchObject({ flushed: 3 });
    expect(await flush.invoke({ task: 'flush' })).toMatchObject({ flushed: 0 });
    const [after] = await owner`select visit_count from links where short_code = 'spring'`;
    expect(Number(after?.['visit_count']) - Number(before?.['visit_count'])).toBe(3);
    expect(await flush.invoke({ task: 'maintain', grace_ms: 0 })).toMatchObject({ flushed: 0 });
    await redis.close();
  });

  test('fails a tick that is none, so that it lies with the dead letters of the schedule', async () => {
    const flush = await startFlush();
    for (const tick of [{ task: 'flsh' }, {}, [], { messages: [] }]) {
      await expect(flush.invoke(tick)).rejects.toThrow(/^4\d\d /);
    }
  });

  test('starts while the database is down, and tells callers so', async () => {
    const links = await start('links', {
      BASE_URL: 'https://go.example',
      DATABASE_URL_SECRET: secrets.reference('nowhere', 'databaseUrl'),
      ADMIN_API_KEY_SECRET: secrets.reference('admin', 'key'),
      ...store(),
      AWS_LWA_ERROR_STATUS_CODES: '599',
    });
    const headers = { Authorization: `Bearer ${API_KEY}` };
    const answer = await links.request('/api/v1/links/spring', { headers });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
  });

  /** A visitor follows a link, and the function stands still as soon as it has answered. */
  async function visitAndFreeze(broker: string): Promise<void> {
    const redirect = await start('redirect', {
      DATABASE_URL_SECRET: secrets.reference('redirect', 'url'),
      RABBITMQ_URL_SECRET: secrets.reference(broker, 'url'),
      ...store(),
    });
    // It begins with a connection to the broker, which a visitor need not wait for.
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

  const withRedis = async <T>(work: (redis: RedisConnection) => Promise<T>) => {
    const redis = openRedisRest({ url: services.upstashUrl, token: services.upstashToken, timeoutMs: 2000 });
    try {
      return await work(redis);
    } finally {
      await redis.close();
    }
  };

  const pendingCounts = () =>
    withRedis(async (redis) => {
      const batches = await createRedisCounter(redis).pending([SPRING]);
      return batches.reduce((sum, { deltas }) => sum + (deltas.get(SPRING) ?? 0), 0);
    });

  const emptyRedis = () => withRedis((redis) => redis.command('FLUSHALL'));

  test('has published and counted a visit when it answers, for it stands still from then on', async () => {
    await emptyRedis();
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

  test('has put a visit into the overflow when it answers while the broker is down', async () => {
    await emptyRedis();
    await visitAndFreeze('nowhere');
    const messages = await withRedis((redis) => createRedisOverflowQueue(redis, 1_000_000).peek(10));
    expect(messages.map(({ body }) => body).join()).toContain(BROWSER);
    const flush = await start('counter-flush', {
      DATABASE_URL_SECRET: secrets.reference('counter-flush', 'url'),
      RABBITMQ_URL_SECRET: secrets.reference('broker', 'url'),
      ...store(),
    });
    expect(await flush.invoke({ task: 'flush' })).toMatchObject({ flushed: 1, drained: 1 });
  });

  test('answers a caller behind a load balancer, errors included', async () => {
    const links = await start('links', {
      BASE_URL: 'https://go.example',
      DATABASE_URL_SECRET: secrets.reference('links', 'url'),
      ADMIN_API_KEY_SECRET: secrets.reference('admin', 'key'),
      ...store(),
      AWS_LWA_ERROR_STATUS_CODES: '599',
    });
    const create = (key: string) =>
      links.request('/api/v1/links', {
        method: 'POST',
        headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ original_url: 'https://example.com/summer' }),
      });
    expect((await create('wrong-key-0123456789')).status).toBe(401);
    expect((await create(API_KEY)).status).toBe(201);
  });

  test('does not start when a secret cannot be read, and says which', async () => {
    await expect(
      start('links', {
        BASE_URL: 'https://go.example',
        DATABASE_URL_SECRET: secrets.reference('nobody', 'url'),
        ADMIN_API_KEY_SECRET: secrets.reference('admin', 'key'),
        ...store(),
      }),
    ).rejects.toThrow('DATABASE_URL_SECRET names a secret that cannot be read: ');
  });
});

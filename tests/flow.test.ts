import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MANIFESTS } from '../functions/manifests.ts';
import { originsAt } from '../functions/test-origins.ts';
import { API_KEY, createApi } from '../harness/clients/api.ts';
import { visit } from '../harness/clients/browser.ts';
import { freePorts } from '../harness/processes/free-ports.ts';
import { type FunctionProcess, startFunction } from '../harness/processes/function-process.ts';
import { runCommand } from '../harness/processes/run-command.ts';
import { tellRedis, withBroker, withSql } from '../harness/servers/connections.ts';
import { createDatabase } from '../harness/servers/postgres.ts';
import { describeOnRealServices } from './on-real-services.ts';
import type { RealServices } from './real-services.ts';

interface Way {
  readonly store: Record<string, string>;
  /** The address at which functions and migrations reach the database. */
  readonly databaseUrl: string;
  readonly database?: Record<string, string>;
}

const WAYS: [string, (services: RealServices) => Way][] = [
  [
    'PostgreSQL, Redis over TCP and RabbitMQ',
    ({ databaseUrl, redisUrl }) => ({ databaseUrl, store: { REDIS_URL: redisUrl } }),
  ],
  [
    'PostgreSQL, Redis over REST and RabbitMQ',
    ({ databaseUrl, upstashUrl, upstashToken }) => ({
      databaseUrl,
      store: { UPSTASH_REDIS_REST_URL: upstashUrl, UPSTASH_REDIS_REST_TOKEN: upstashToken },
    }),
  ],
  [
    'PostgreSQL behind PgBouncer, Redis over TCP and RabbitMQ',
    ({ pooledUrl, redisUrl }) => ({
      databaseUrl: pooledUrl,
      store: { REDIS_URL: redisUrl },
      database: { DATABASE_PREPARE: 'off' },
    }),
  ],
];

describeOnRealServices('every function in its own process', (services) => {
  describe.each(WAYS)('on %s', (_name, wayOf) => {
    let running: FunctionProcess[];
    let gateway: FunctionProcess;
    let journal: string;

    beforeEach(async () => {
      journal = await mkdtemp(join(tmpdir(), 'terse-journal-'));
      await tellRedis(services.redisUrl, 'FLUSHALL');
      await emptyQueues(services.rabbitmqUrl);
      const ownerUrl = await createDatabase(services.databaseUrl, 'flow');
      const way = wayOf(services);
      const { host } = new URL(way.databaseUrl);
      const reached = Object.assign(new URL(ownerUrl), { host }).href;
      const migrated = await runCommand('migrate', [], { DATABASE_URL: reached, ...way.database });
      if (migrated.code !== 0) throw new Error(migrated.stderr);
      const login = await makeLogins(ownerUrl);
      const database = (name: string) => ({
        ...way.database,
        DATABASE_URL: Object.assign(login(name), { host }).href,
      });

      const ports = await freePorts(6);
      const origin = (index: number) => `http://127.0.0.1:${ports[index]}`;
      const common = (index: number) => ({ PORT: `${ports[index]}`, LOG_LEVEL: 'warn' });
      const { store } = way;
      const queue = { RABBITMQ_URL: services.rabbitmqUrl };
      running = await Promise.all([
        startFunction('redirect', {
          ...common(0),
          ...database('redirect'),
          ...store,
          ...queue,
          TRUSTED_PROXY_HOPS: '1',
          JOURNAL_DIR: journal,
        }),
        startFunction('links', {
          ...common(1),
          ...database('links'),
          ...store,
          ADMIN_API_KEY: API_KEY,
          BASE_URL: origin(5),
        }),
        startFunction('stats', { ...common(2), ...database('stats'), ADMIN_API_KEY: API_KEY }),
        startFunction('visit-writer', {
          ...common(3),
          ...database('visit-writer'),
          ...queue,
          VISIT_BATCH_WAIT_MS: '50',
        }),
        startFunction('counter-flush', {
          ...common(4),
          ...database('counter-flush'),
          ...store,
          ...queue,
          COUNTER_FLUSH_SECONDS: '1',
        }),
        startFunction('gateway', {
          ...common(5),
          ...originsAt(origin(0)),
          LINKS_ORIGIN: origin(1),
          STATS_ORIGIN: origin(2),
        }),
      ]);
      gateway = running.at(-1) ?? fail();
    });
    afterEach(async () => {
      await Promise.all(running.map((each) => each.end('SIGKILL')));
      await rm(journal, { recursive: true });
    });

    const api = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
      const response = await createApi(gateway.url).call(method, `/api/v1/links${path}`, body);
      const text = await response.text();
      return (text ? JSON.parse(text) : {}) as T;
    };

    test('creates a link, follows it, stores and counts the visits, and stops without losing any', async () => {
      const link = await api<{ short_url: string; short_code: string }>('POST', '', {
        original_url: 'https://example.com/ä?q=1',
        tags: ['flow'],
      });
      for (const each of running) {
        await vi.waitFor(
          async () => expect((await fetch(`${each.internalUrl}/.ready`)).status).toBe(200),
          10_000,
        );
      }
      for (let visits = 0; visits < 20; visits++) {
        const response = await visit(link.short_url);
        expect(response.status).toBe(307);
        expect(response.headers.get('Location')).toBe('https://example.com/%C3%A4?q=1');
      }
      expect((await visit(link.short_url, 'HEAD')).status).toBe(307);

      await vi.waitFor(
        async () => {
          const stats = await api<{ totals: unknown }>('GET', `/${link.short_code}/stats`);
          expect(stats.totals).toEqual({ visits: 20, bot_visits: 1 });
        },
        { timeout: 10_000, interval: 100 },
      );
      const visits = await api<{ visits: { ip: string }[] }>(
        'GET',
        `/${link.short_code}/stats/visits?limit=100`,
      );
      expect(new Set(visits.visits.map(({ ip }) => ip))).toEqual(new Set(['127.0.0.0']));

      // The same number before the flush, from Redis, and after it, from the column.
      const counts = new Set<number>();
      for (let reads = 0; reads < 20; reads++) {
        counts.add((await api<{ visit_count: number }>('GET', `/${link.short_code}`)).visit_count);
        await new Promise((resolve) => {
          setTimeout(resolve, 100);
        });
      }
      expect(counts).toEqual(new Set([20]));

      await api('DELETE', `/${link.short_code}`);
      await vi.waitFor(async () => expect((await visit(link.short_url)).status).toBe(410), 2500);

      const other = await api<{ short_url: string; short_code: string }>('POST', '', {
        original_url: 'https://example.org',
      });
      const answered = await Promise.all(Array.from({ length: 50 }, () => visit(other.short_url)));
      expect(answered.every(({ status }) => status === 307)).toBe(true);
      const [redirect, ...others] = running;
      expect(await redirect?.end('SIGTERM')).toBe(0);
      await vi.waitFor(
        async () => {
          const stats = await api<{ totals: unknown }>('GET', `/${other.short_code}/stats`);
          expect(stats.totals).toEqual({ visits: 50, bot_visits: 0 });
        },
        { timeout: 10_000, interval: 100 },
      );
      const gone = await visit(other.short_url);
      expect(gone.status).toBe(503);
      expect(await Promise.all(others.map((each) => each.end('SIGTERM')))).toEqual([0, 0, 0, 0, 0]);
      expect(running.map((each) => each.output())).toEqual([
        '',
        '',
        '',
        '',
        '',
        expect.stringContaining('does not answer'),
      ]);
    });
  });
});

function fail(): never {
  throw new Error('The gateway was not started.');
}

function emptyQueues(url: string): Promise<void> {
  return withBroker(url, async (connection) => {
    for (const queue of ['visits', 'visits.dead']) await connection.queuePurge({ queue }).catch(() => {});
  });
}

/** Creates a login for each function with the rights of its group only. */
async function makeLogins(ownerUrl: string): Promise<(name: string) => URL> {
  await withSql(ownerUrl, async (owner) => {
    for (const { name, databaseRole } of MANIFESTS.migrate.makesLoginsOf) {
      await owner.unsafe(`drop role if exists "flow_${name}"`);
      await owner.unsafe(`create role "flow_${name}" login in role ${databaseRole}`);
    }
  });
  return (name) => {
    const url = new URL(ownerUrl);
    url.username = `flow_${name}`;
    return url;
  };
}

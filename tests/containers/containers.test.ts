import { readFile } from 'node:fs/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { MANIFESTS, PRODUCT_FUNCTIONS } from '../../functions/manifests.ts';
import { visit } from '../../harness/clients/browser.ts';
import { onFreePorts } from '../../harness/processes/free-ports.ts';
import { type Composition, createComposition } from './composition.ts';
import { onEngine } from './on-engine.ts';
import { sendVisitors } from './visitors.ts';

const BEHIND_THE_GATEWAY = MANIFESTS.gateway.forwardsTo.map(({ name }) => name);
const LOGINS = MANIFESTS.migrate.makesLoginsOf.map(({ name }) => name.replaceAll('-', '_'));
/** The backing services that each function probes. */
const PROBED: Readonly<Record<string, readonly string[]>> = {
  redirect: ['cache', 'database', 'journal', 'queue'],
  links: ['cache', 'database'],
  stats: ['database'],
  'visit-writer': ['database', 'queue', 'storage'],
  'counter-flush': ['counter', 'database', 'queue'],
  gateway: [],
};
const MAX_ADDED_BYTES = 5 * 1024 * 1024;
const EVENTUALLY = { timeout: 15_000, interval: 100 };
const SECRETS = new URL('../../infra/local/secrets/', import.meta.url);

let terse: Composition;
let apiKey: string;

onEngine({
  setUp: async (engine) => {
    apiKey = (await readFile(new URL('admin_api_key', SECRETS), 'utf8')).trim();
    await onFreePorts(1, async ([port = 0]) => {
      terse = createComposition(engine, port);
      try {
        await terse.up();
      } catch (error) {
        await terse.down('-v', '--rmi', 'local');
        throw error;
      }
    });
  },
  logs: () => terse.logs(),
  tearDown: () => terse.down('-v', '--rmi', 'local'),
});

interface LinkView {
  readonly short_code: string;
  readonly visit_count: number;
}

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${terse.url}/api/v1/links${path}`, {
    method,
    headers: { Authorization: `Bearer ${apiKey}`, 'Content-Type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  expect(response.ok).toBe(true);
  const text = await response.text();
  // The caller knows the type of the answer.
  return (text && JSON.parse(text)) as T;
}

const createLink = () => call<LinkView>('POST', '', { original_url: 'https://example.com/spring' });

async function counted(code: string): Promise<{ visits: number; bots: number; count: number }> {
  const { totals } = await call<{ totals: { visits: number; bot_visits: number } }>('GET', `/${code}/stats`);
  const { visit_count } = await call<LinkView>('GET', `/${code}`);
  return { visits: totals.visits, bots: totals.bot_visits, count: visit_count };
}

describe('through the gateway', () => {
  test('a link is created, followed, counted once for people and bots each, and gone when deleted', async () => {
    const { short_code } = await createLink();
    const url = `${terse.url}/${short_code}`;
    const response = await visit(url);
    expect(response.status).toBe(307);
    expect(response.headers.get('Location')).toBe('https://example.com/spring');
    expect((await visit(url, 'HEAD')).status).toBe(307);
    await vi.waitFor(
      async () => expect(await counted(short_code)).toEqual({ visits: 1, bots: 1, count: 1 }),
      EVENTUALLY,
    );
    await call('DELETE', `/${short_code}`);
    await vi.waitFor(async () => expect((await visit(url)).status).toBe(410), EVENTUALLY);
  });

  test('no internal address of a function is reached', async () => {
    const { short_code } = await createLink();
    await visit(`${terse.url}/${short_code}`);
    const metrics = await terse.get('redirect', '/.metrics');
    expect(metrics).toContain('redirects_total{');
    const paths = [
      '/.metrics',
      '/%2emetrics',
      '//.metrics',
      '/api/../.metrics',
      '//redirect:8081/.metrics',
      '//redirect:9464/.metrics',
    ];
    for (const path of paths) {
      const text = await (await fetch(terse.url + path)).text();
      expect([path, text.includes('redirects_total{')]).toEqual([path, false]);
    }
    const events = ['/.events', '/.events/', '/%2eevents', '//.events', '//counter-flush:8080/.events'];
    for (const path of events) {
      const response = await fetch(terse.url + path, {
        method: 'POST',
        body: '{"task":"flush"}',
        headers: { 'Content-Type': 'application/json' },
      });
      expect([path, response.status]).toEqual([path, 404]);
    }
  });

  test('and by no other way: only the gateways and the stand-in for AWS have ports, on 127.0.0.1', async () => {
    const { services } = JSON.parse(await terse.compose('--profile', '*', 'config', '--format', 'json')) as {
      services: Record<string, { ports?: { host_ip: string }[] }>;
    };
    const open = Object.entries(services).flatMap(([name, { ports = [] }]) =>
      ports.map(({ host_ip }) => [name, host_ip]),
    );
    expect(open.toSorted(([a = ''], [b = '']) => a.localeCompare(b))).toEqual([
      ['gateway', '127.0.0.1'],
      ['gateway-localstack', '127.0.0.1'],
      ['gateway-upstash', '127.0.0.1'],
      ['localstack', '127.0.0.1'],
    ]);
  });
});

describe('the container of', () => {
  test.each(PRODUCT_FUNCTIONS)('%s has Node as its first process, and may write nowhere', async (service) => {
    expect(await terse.facts(service)).toEqual({
      firstProcess: ['node', 'main.js'],
      userId: 1000,
      capabilities: '0000000000000000',
      canGainPrivileges: false,
      writable: [],
      files: ['bundle.js', 'bundle.js.compiled', 'main.js', 'package.json'],
      namesEmbeddedDatabase: false,
      takesCompiled: true,
    });
  });

  test.each([...PRODUCT_FUNCTIONS, 'migrate'])('%s adds no more than 5 MB to Node', async (service) => {
    expect(await terse.addedBytes(service)).toBeLessThanOrEqual(MAX_ADDED_BYTES);
  });

  test.each(PRODUCT_FUNCTIONS)('%s is ready, and reports each of its backing services', async (service) => {
    const up = PROBED[service]?.map((name) => [name, 'up'] as const);
    expect(JSON.parse(await terse.get(service, '/.ready'))).toEqual({
      status: 'ready',
      services: up && Object.fromEntries(up),
    });
  });

  test('migrate has nothing to do a second time', async () => {
    expect(await terse.compose('run', '--rm', '-T', 'migrate')).toBe('nothing to apply\n');
  });
});

describe('the database login of', () => {
  const asLogin = async (name: string, statement: string) => {
    const url = await readFile(new URL(`${name}_database_url`, SECRETS), 'utf8');
    return terse.exec('postgres', 'psql', '-qAt', url.trim(), '-c', statement);
  };

  test.each([
    [
      'redirect',
      "insert into links (short_code, original_url, created_at, updated_at) values ('x', 'x', now(), now())",
    ],
    ['redirect', 'select * from api_keys'],
    ['redirect', 'select * from visits'],
    ['links', 'update links set visit_count = 1'],
    ['links', 'delete from links'],
    ['stats', 'delete from visits'],
    ['visit_writer', 'select * from links'],
    ['visit_writer', 'select ip from visits'],
    ['counter_flush', 'update links set original_url = original_url'],
    ['counter_flush', 'select * from visits'],
  ])('%s may not: %s', async (name, statement) => {
    await expect(asLogin(name, statement)).rejects.toThrow('permission denied for table');
  });

  test.each(MANIFESTS.migrate.makesLoginsOf)(
    '$name has a time-out on the server, too',
    async ({ name, statementTimeoutMs }) => {
      const settings = "'statement_timeout', 'idle_in_transaction_session_timeout'";
      const bounds = `select setting from pg_settings where name in (${settings})`;
      const text = `${statementTimeoutMs}\n${statementTimeoutMs}\n`;
      expect(await asLogin(name.replaceAll('-', '_'), bounds)).toBe(text);
    },
  );

  test.each(LOGINS)('%s may create neither tables nor roles', async (name) => {
    await expect(asLogin(name, 'create table mine ()')).rejects.toThrow('permission denied for schema');
    await expect(asLogin(name, 'create role mine')).rejects.toThrow('permission denied to create role');
  });
});

describe('under load', () => {
  test('each function stops in order, and no answered visit is lost', async () => {
    const { short_code } = await createLink();
    const visitors = sendVisitors(`${terse.url}/${short_code}`, 5);
    onTestFinished(async () => void (await visitors.leave()));
    await vi.waitFor(() => expect(visitors.answered()).toBeGreaterThan(100), EVENTUALLY);
    const reading = setInterval(() => void counted(short_code).catch(() => undefined), 50);
    onTestFinished(() => clearInterval(reading));

    const endings: Record<string, number> = {};
    const stop = async (service: string) => {
      endings[service] = await terse.stop(service);
    };
    const startAgain = async () => {
      await terse.up();
      const before = visitors.answered();
      await vi.waitFor(() => expect(visitors.answered()).toBeGreaterThan(before + 100), EVENTUALLY);
    };
    const others = PRODUCT_FUNCTIONS.filter((name) => name !== 'gateway' && !('routes' in MANIFESTS[name]));
    for (const service of [...others, ...BEHIND_THE_GATEWAY.toReversed()]) await stop(service);
    await startAgain();
    await stop('gateway');
    await startAgain();
    expect(endings).toEqual(Object.fromEntries(PRODUCT_FUNCTIONS.map((service) => [service, 0])));

    clearInterval(reading);
    const answered = await visitors.leave();
    await vi.waitFor(
      async () => expect(await counted(short_code)).toEqual({ visits: answered, bots: 0, count: answered }),
      EVENTUALLY,
    );
  });

  test('all containers go down and up again, and no answered visit is lost', async () => {
    const { short_code } = await createLink();
    const visitors = sendVisitors(`${terse.url}/${short_code}`, 5);
    onTestFinished(async () => void (await visitors.leave()));
    await vi.waitFor(() => expect(visitors.answered()).toBeGreaterThan(300), EVENTUALLY);
    await terse.down();
    const answered = await visitors.leave();
    await terse.up();
    await vi.waitFor(
      async () => expect(await counted(short_code)).toEqual({ visits: answered, bots: 0, count: answered }),
      EVENTUALLY,
    );
  });

  test('a second redirect under the same name gets its share', async () => {
    await terse.up('--profile', 'scale');
    const { short_code } = await createLink();
    const visitors = sendVisitors(`${terse.url}/${short_code}`, 50);
    onTestFinished(async () => void (await visitors.leave()));
    await vi.waitFor(async () => {
      for (const service of ['redirect', 'redirect-2']) {
        expect(await terse.get(service, '/.metrics')).toMatch(
          /redirects_total\{outcome="redirect"\} [1-9]\d/,
        );
      }
    }, EVENTUALLY);
    const answered = await visitors.leave();
    await vi.waitFor(
      async () => expect(await counted(short_code)).toEqual({ visits: answered, bots: 0, count: answered }),
      EVENTUALLY,
    );
  });
});

test.each([
  { args: [], more: 0 },
  { args: ['--profile', 'scale'], more: 2 },
  { args: ['--profile', 'upstash'], more: 5 },
  { args: ['--profile', 'scale', '--profile', 'upstash'], more: 7 },
])('Compose accepts the file with $args', async ({ args, more }) => {
  const always = [...PRODUCT_FUNCTIONS, 'migrate', 'postgres', 'redis', 'rabbitmq'];
  const services = (await terse.compose(...args, 'config', '--services')).trim().split('\n');
  expect(services).toEqual(expect.arrayContaining(always));
  expect(services).toHaveLength(always.length + more);
});

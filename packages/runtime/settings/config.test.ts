import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError, readConfig } from './config.ts';
import { type FunctionName, MANIFESTS } from '../../../functions/manifests.ts';
import { originsAt } from '../../../functions/test-origins.ts';

const REAL = {
  DATABASE_URL: 'postgres://user:db-secret@db.example/terse?sslmode=verify-full',
  REDIS_URL: 'rediss://:redis-secret@redis.example',
  RABBITMQ_URL: 'amqps://user:queue-secret@queue.example',
  BASE_URL: 'https://go.example',
};

function faultsOf(name: FunctionName, environment: Record<string, string>): string {
  try {
    readConfig(MANIFESTS[name], environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return '';
}

test('the standalone process starts with nothing set', () => {
  expect(readConfig(MANIFESTS.standalone, {})).toMatchObject({
    host: '127.0.0.1',
    port: 8080,
    internalHost: '127.0.0.1',
    internalPort: 9464,
    visitorIp: 'anonymized',
    trustedProxyHops: 0,
    database: {
      kind: 'embedded',
      directory: join(import.meta.dirname, '../../../.data/postgres'),
      buffersMb: 32,
      poolSize: 5,
    },
    store: { kind: 'memory' },
    queue: { kind: 'memory' },
  });
  expect(readConfig(MANIFESTS.standalone, { PORT: '81' }).baseUrl.href).toBe('http://127.0.0.1:81/');
});

test('refuses one port for internal and public addresses', () => {
  expect(faultsOf('redirect', { ...REAL, PORT: '9465' })).toContain('INTERNAL_PORT must differ from PORT');
});

test('refuses public secrets in production, and takes them in development', () => {
  const known = { ADMIN_API_KEY: 'local-development-key' };
  const faults = faultsOf('links', { ...REAL, ...known, NODE_ENV: 'production' });
  expect(faults).toContain('ADMIN_API_KEY is the public one');
  expect(faults).not.toContain('local-development-key');
  expect(readConfig(MANIFESTS.links, { ...REAL, ...known }).adminApiKey).toBe('local-development-key');
});

test.each([
  'fifteen-letters',
  'with a space in it',
  'tab\there-and-more',
  'schlüssel-mit-umlaut',
  'x'.repeat(257),
])('refuses %j as a key: nobody could send it, or anybody guess it', (key) => {
  expect(faultsOf('standalone', { ADMIN_API_KEY: key })).toMatch(/ADMIN_API_KEY must/);
});

test('takes an empty variable for one that is not set', () => {
  const config = readConfig(MANIFESTS.standalone, {
    PORT: '9000',
    BASE_URL: 'https://go.example',
    VISITOR_IP: '',
  });
  expect(config).toMatchObject({ port: 9000, visitorIp: 'anonymized' });
  expect(config.baseUrl.href).toBe('https://go.example/');
});

test('names every fault at once and shows no value', () => {
  const environment = {
    PORT: '80a80',
    BASE_URL: 'ftp://secret-host/',
    ADMIN_API_KEY: 'too-short',
    VISITOR_IP: 'everything',
    TRUSTED_PROXY_HOPS: '-1',
    COUNTRY_HEADER: 'a b',
    COUNTER_FLUSH_SECONDS: '0',
    COUNT_TAKE_BACK_HOURS: '721',
    VISIT_BATCH_WAIT_MS: '1e9',
    LOG_LEVEL: 'loud',
    DATABASE_URL: 'mysql://user:secret@db/terse',
    REDIS_URL: 'https://redis.example',
    RABBITMQ_URL: 'kafka://queue',
  };
  const message = faultsOf('standalone', environment);
  for (const [name, value] of Object.entries(environment)) {
    expect(message).toContain(name === 'REDIS_URL' ? 'UPSTASH_REDIS_REST_TOKEN' : name);
    expect(message).not.toContain(` ${value}`);
  }
  expect(message).not.toMatch(/secret|too-short|redis\.example/);
});

test.each(['https://go.example/path', 'https://go.example/?a', 'go.example'])(
  'refuses %s as the base of short URLs',
  (url) => {
    expect(faultsOf('standalone', { BASE_URL: url })).toContain('BASE_URL');
  },
);

describe('the backing services', () => {
  test('are chosen by the scheme of their setting', () => {
    expect(
      readConfig(MANIFESTS.standalone, { ...REAL, DATABASE_READ_URL: 'postgres://replica/terse' }),
    ).toMatchObject({
      database: {
        kind: 'postgres',
        url: REAL.DATABASE_URL,
        readUrl: 'postgres://replica/terse',
        poolSize: 5,
      },
      store: { kind: 'redis' },
      queue: { kind: 'rabbitmq' },
    });
    const rest = { UPSTASH_REDIS_REST_URL: 'https://redis.example', UPSTASH_REDIS_REST_TOKEN: 'token' };
    const upstash = { kind: 'upstash', url: 'https://redis.example/', token: 'token' };
    expect(readConfig(MANIFESTS.standalone, rest).store).toEqual(upstash);
    const { UPSTASH_REDIS_REST_TOKEN, UPSTASH_REDIS_REST_URL } = rest;
    expect(
      readConfig(MANIFESTS.standalone, { REDIS_URL: UPSTASH_REDIS_REST_URL, UPSTASH_REDIS_REST_TOKEN }).store,
    ).toEqual(upstash);
  });

  test.each([
    ['redirect', ['DATABASE_URL', 'REDIS_URL', 'RABBITMQ_URL']],
    ['links', ['DATABASE_URL', 'REDIS_URL', 'BASE_URL']],
    ['stats', ['DATABASE_URL']],
    ['visit-writer', ['DATABASE_URL', 'RABBITMQ_URL']],
    ['counter-flush', ['DATABASE_URL', 'REDIS_URL', 'RABBITMQ_URL']],
    ['migrate', ['DATABASE_URL']],
    ['gateway', Object.keys(originsAt('http://h'))],
  ] as const)('of %s are what it uses, all real, and nothing else is asked of it', (name, needed) => {
    const message = faultsOf(name, {});
    const named = [...message.matchAll(/^ {2}(\w+) must be set/gm)].map(([, setting]) => setting);
    expect(new Set(named)).toEqual(new Set(needed));
  });

  describe('in production', () => {
    const production = { NODE_ENV: 'production', RABBITMQ_URL: 'memory:' };
    const settings = ['DATABASE_URL', 'REDIS_URL', 'RABBITMQ_URL'];

    test('are embedded only where that is accepted, and the refusal says how', () => {
      const message = faultsOf('standalone', production);
      for (const setting of settings) {
        expect(message).toContain(`${setting} must be set, or EMBEDDED=accept: `);
      }
      expect(readConfig(MANIFESTS.standalone, { ...production, EMBEDDED: 'accept' })).toMatchObject({
        isProduction: true,
        database: { kind: 'embedded' },
        store: { kind: 'memory' },
        queue: { kind: 'memory' },
      });
    });

    test('are real one by one, and embedded for the rest', () => {
      const { database, store } = readConfig(MANIFESTS.standalone, {
        ...production,
        EMBEDDED: 'accept',
        DATABASE_URL: REAL.DATABASE_URL,
      });
      expect([database.kind, store.kind]).toEqual(['postgres', 'memory']);
    });

    test('are real where functions run apart, also with EMBEDDED=accept', () => {
      const message = faultsOf('redirect', { ...production, EMBEDDED: 'accept' });
      for (const setting of settings) expect(message).toContain(`${setting} must be set: functions`);
    });

    test.each(['yes', 'true', '1', 'Accept'])('are not accepted by EMBEDDED=%s', (EMBEDDED) => {
      expect(faultsOf('standalone', { ...production, EMBEDDED })).toContain('EMBEDDED must be accept');
    });
  });

  test('are reached in plain text in production only on the same host', () => {
    const plain = {
      NODE_ENV: 'production',
      DATABASE_URL: 'postgres://u:p@db.example/terse',
      DATABASE_READ_URL: 'postgres://u:p@replica.example/terse?sslmode=prefer',
      REDIS_URL: 'redis://redis.example',
      RABBITMQ_URL: 'amqp://queue.example',
    };
    const message = faultsOf('standalone', plain);
    for (const setting of ['DATABASE_URL', 'DATABASE_READ_URL', 'REDIS_URL', 'RABBITMQ_URL']) {
      expect(message).toContain(`${setting} must be encrypted`);
    }
    const local = Object.fromEntries(
      Object.entries(plain).map(([name, url]) => [name, url.replace(/\w+\.example/, '127.0.0.1')]),
    );
    expect(faultsOf('standalone', local)).toBe('');
    expect(faultsOf('standalone', { ...REAL, NODE_ENV: 'production' })).toBe('');
  });
});

test('statements are prepared unless DATABASE_PREPARE is off', () => {
  const prepare = (setting?: string) => {
    const { database } = readConfig(MANIFESTS.stats, { ...REAL, DATABASE_PREPARE: setting });
    return database.kind === 'postgres' && database.prepare;
  };
  expect([prepare(), prepare('on'), prepare('off')]).toEqual([true, true, false]);
  expect(() => prepare('no')).toThrow('DATABASE_PREPARE must be on or off');
});

test('a database is reached by a local socket, in production too', () => {
  const url = 'postgres:///terse?host=/var/run/postgresql';
  const settings = { ...REAL, NODE_ENV: 'production', DATABASE_URL: url };
  expect(readConfig(MANIFESTS.stats, settings).database).toMatchObject({ url });
  expect(faultsOf('stats', { ...settings, DATABASE_URL: 'postgres:///terse?host=db.example' })).toContain(
    'DATABASE_URL must have the path of a folder as its parameter host',
  );
});

test.each([
  ['channel_binding=require', 'DATABASE_URL must not have channel_binding: '],
  ['sslmode=require&pgbouncer=true', 'DATABASE_URL must not have pgbouncer: DATABASE_PREPARE=off'],
  ['schema=public&pool_timeout=3', 'DATABASE_URL must not have pool_timeout: '],
])('a URL with a parameter of other clients is refused: %s', (query, fault) => {
  const url = `postgres://links_login:p@db.example/terse?${query}`;
  expect(() => readConfig(MANIFESTS.stats, { ...REAL, DATABASE_URL: url })).toThrow(fault);
  const allowed = `postgres://links_login:p@db.example/terse?sslmode=require&application_name=x&constructor=1`;
  expect(() => readConfig(MANIFESTS.stats, { ...REAL, DATABASE_URL: allowed })).not.toThrow();
});

test('the logins that the migrations make come with the rights of their function', () => {
  const url = 'postgres://links_login:p%40ss@db.example/terse';
  expect(readConfig(MANIFESTS.migrate, { ...REAL, LINKS_DATABASE_URL: url }).logins).toEqual([
    { name: 'links_login', password: 'p@ss', role: 'terse_links', statementTimeoutMs: 10_000 },
  ]);
  expect(readConfig(MANIFESTS.migrate, REAL).logins).toEqual([]);
  const message = faultsOf('migrate', {
    ...REAL,
    STATS_DATABASE_URL: 'postgres://secret-user@db.example/terse',
  });
  expect(message).toContain('STATS_DATABASE_URL must have a user and a password');
  expect(message).not.toContain('secret-user');
});

describe('a setting in a file', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'terse-config-'));
    writeFileSync(join(directory, 'url'), `${REAL.DATABASE_URL}\n`);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  test('is read from there, without the line end', () => {
    expect(readConfig(MANIFESTS.stats, { DATABASE_URL_FILE: join(directory, 'url') }).database).toMatchObject(
      {
        url: REAL.DATABASE_URL,
      },
    );
  });

  test('is looked for only under the names of settings', () => {
    expect(faultsOf('standalone', { SSL_CERT_FILE: join(directory, 'none') })).toBe('');
  });

  test('is a fault when it cannot be read, or is set twice', () => {
    expect(faultsOf('stats', { DATABASE_URL_FILE: join(directory, 'none') })).toContain('DATABASE_URL_FILE');
    const twice = { DATABASE_URL_FILE: join(directory, 'url'), DATABASE_URL: REAL.DATABASE_URL };
    expect(faultsOf('stats', twice)).toContain('both set');
  });
});

test.each(['', ' ', 'x', '-1', '01', '1e9', 'http://', 'postgres://u:%zz@h', '\u0000', 'ü'.repeat(300)])(
  'names the setting of each fault, in our words, when settings hold %j',
  (value) => {
    const asked: string[] = [];
    const everywhere = new Proxy<Record<string, string>>(
      {},
      {
        get: (_, name) => {
          const setting = String(name);
          asked.push(setting);
          return setting.endsWith('_FILE') || setting === 'NODE_ENV' ? undefined : value;
        },
      },
    );
    for (const name of ['standalone', 'redirect', 'gateway', 'migrate'] as const) {
      const [, ...faults] = faultsOf(name, everywhere).split('\n');
      for (const fault of faults) {
        const [, setting = '', words] = /^ {2}([A-Z_]+) (.+)$/.exec(fault) ?? [];
        expect(asked).toContain(setting);
        expect(words).toMatch(/^must /);
        expect(words).not.toMatch(/expected|invalid|received/i);
      }
    }
  },
);

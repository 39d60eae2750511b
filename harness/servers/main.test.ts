import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { processTree, survivors } from '../processes/process-tree.ts';

const INSTALL_AND_START_MS = 300_000;
const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const NAMES = [
  'DATABASE_URL',
  'REDIS_URL',
  'UPSTASH_REDIS_REST_URL',
  'UPSTASH_REDIS_REST_TOKEN',
  'RABBITMQ_URL',
];

// Given servers, so that the command has nothing to start.
const GIVEN = {
  TEST_DATABASE_URL: 'postgres://db.example/it',
  TEST_REDIS_URL: 'redis://cache.example',
  TEST_UPSTASH_REDIS_REST_URL: 'https://rest.example',
  TEST_UPSTASH_REDIS_REST_TOKEN: "it's secret",
  TEST_RABBITMQ_URL: 'amqp://queue.example',
};

describe('npm run stack', { timeout: INSTALL_AND_START_MS }, () => {
  function start(args: string[], given: Record<string, string> = {}) {
    const unset = Object.keys(GIVEN).flatMap((name) => ['-u', name]);
    const set = Object.entries(given).map((pair) => pair.join('='));
    const child = spawn('env', [...unset, ...set, process.execPath, MAIN, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = once(child, 'exit');
    onTestFinished(async () => {
      child.kill('SIGTERM');
      await ended;
    });
    return child;
  }

  async function exitCode(child: ChildProcess): Promise<unknown> {
    const [code] = (await once(child, 'exit')) as [number | null];
    return code;
  }

  async function settingsPrintedBy(child: ReturnType<typeof start>): Promise<string> {
    let printed = '';
    for await (const piece of child.stdout) {
      printed += String(piece);
      if (printed.includes('RABBITMQ_URL')) return printed;
    }
    throw new Error(`It ended before it had printed its settings.\n${await text(child.stderr)}`);
  }

  const showSettings = `printf '%s ' ${NAMES.map((name) => `"$${name}"`).join(' ')}`;

  test('runs every server until Ctrl-C, and then stops them all', async () => {
    const child = start([]);
    const ended = exitCode(child);
    await settingsPrintedBy(child);
    const pids = processTree(child.pid ?? 0).slice(1);
    expect(pids.length).toBeGreaterThan(8);
    child.kill('SIGINT');
    expect(await ended).toBe(0);
    expect(await survivors(pids, 0)).toEqual([]);
  });

  test('prints settings that a shell can read', async () => {
    const child = start([], GIVEN);
    const printed = await settingsPrintedBy(child);
    expect(printed.match(/^export /gm)).toHaveLength(NAMES.length);
    const shell = spawn('sh', ['-c', `${printed}${showSettings}`]);
    expect(await text(shell.stdout)).toBe(`${Object.values(GIVEN).join(' ')} `);
  });

  test('runs a command with these settings and exits with its code', async () => {
    const child = start(['--exec', `${showSettings}; exit 7`], GIVEN);
    const [printed, code] = await Promise.all([text(child.stdout), exitCode(child)]);
    expect(printed).toBe(`${Object.values(GIVEN).join(' ')} `);
    expect(code).toBe(7);
  });

  test('forwards SIGTERM to the command', async () => {
    const child = start(['--exec', 'echo running; exec sleep 60'], GIVEN);
    const ended = exitCode(child);
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await ended).toBe(128 + 15);
  });

  test('fails with a message when a setting is wrong', async () => {
    const child = start(['--exec', 'true'], { TEST_UPSTASH_REDIS_REST_TOKEN: 'alone' });
    const [said, code] = await Promise.all([text(child.stderr), exitCode(child)]);
    expect(said).toBe('TEST_UPSTASH_REDIS_REST_URL and TEST_UPSTASH_REDIS_REST_TOKEN go together.\n');
    expect(code).toBe(1);
  });
});

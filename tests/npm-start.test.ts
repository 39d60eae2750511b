import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { type FunctionProcess, startServer } from '../harness/processes/function-process.ts';
import { statusOf } from '../harness/processes/status-of.ts';
import { originsAt } from '../functions/test-origins.ts';

const ROOT = join(import.meta.dirname, '..');
const ORIGIN = 'http://127.0.0.1:1';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'terse-npm-'));
});
afterEach(() => rm(directory, { recursive: true }));

async function npmStart(...args: readonly string[]): Promise<FunctionProcess> {
  const settings = {
    PATH: process.env['PATH'] ?? '',
    HOME: directory,
    DATA_DIR: directory,
    LOG_LEVEL: 'info',
    ...originsAt(ORIGIN),
  };
  const started = await startServer(['npm', 'start', ...args], settings, {
    directory: ROOT,
    leadsGroup: true,
  });
  onTestFinished(async () => {
    if (!started.hasEnded()) process.kill(-started.pid, 'SIGKILL');
    await started.closed;
  });
  return started;
}

test.each([
  ['all', []],
  ['a function', ['-w', 'functions/gateway']],
])('a signal to npm ends the processes that it started: %s', async (_what, args) => {
  const started = await npmStart(...args);
  process.kill(started.pid, 'SIGTERM');
  expect(await started.closed).toBe(0);
  expect(await statusOf(`${started.internalUrl}/.live`)).toBeUndefined();
});

test.each(['SIGTERM', 'SIGINT'] as const)('%s to npm and its processes is a clean stop', async (signal) => {
  const started = await npmStart('-w', 'functions/gateway');
  process.kill(-started.pid, signal);
  expect(await started.closed).toBe(0);
  expect(await statusOf(`${started.internalUrl}/.live`)).toBeUndefined();
});

test('a function logs its name and its addresses', async () => {
  const started = await npmStart('-w', 'functions/gateway');
  const line =
    started
      .output()
      .split('\n')
      .find((text) => text.startsWith('{')) ?? '';
  expect(JSON.parse(line)).toMatchObject({
    function: 'gateway',
    address: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
    internal_address: started.internalUrl,
    msg: 'gateway forwards requests to redirect, links and stats',
  });
});

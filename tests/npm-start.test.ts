import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { freePorts } from './stack/free-ports.ts';

const ROOT = join(import.meta.dirname, '..');
const ORIGIN = 'http://127.0.0.1:1';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'terse-npm-'));
});
afterEach(() => rm(directory, { recursive: true }));

async function npmStart(...args: readonly string[]) {
  const [port, internalPort] = await freePorts(2);
  const internalUrl = `http://127.0.0.1:${internalPort}`;
  const npm = spawn('npm', ['start', ...args], {
    cwd: ROOT,
    // A group of its own, as a terminal and a supervisor give it.
    detached: true,
    env: {
      PATH: process.env['PATH'],
      HOME: directory,
      PORT: `${port}`,
      INTERNAL_PORT: `${internalPort}`,
      DATA_DIR: directory,
      LOG_LEVEL: 'info',
      REDIRECT_ORIGIN: ORIGIN,
      LINKS_ORIGIN: ORIGIN,
      STATS_ORIGIN: ORIGIN,
    },
  });
  const { pid = 0 } = npm;
  let output = '';
  for (const stream of [npm.stdout, npm.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  // Its streams close when the last process that npm started is gone.
  const ended = once(npm, 'close');
  onTestFinished(async () => {
    if (npm.exitCode === null && npm.signalCode === null) process.kill(-pid, 'SIGKILL');
    await ended;
  });
  const isLive = () =>
    fetch(`${internalUrl}/.live`).then(
      ({ ok }) => ok,
      () => false,
    );
  await vi.waitUntil(isLive, { timeout: 30_000, interval: 50 });
  return { pid, internalUrl, isLive, ended, exitCode: () => npm.exitCode, output: () => output };
}

test.each([
  ['all', []],
  ['a function', ['-w', 'functions/gateway']],
])('ending npm ends what it started: %s', async (_what, args) => {
  const started = await npmStart(...args);
  process.kill(started.pid, 'SIGTERM');
  await started.ended;
  expect([started.exitCode(), await started.isLive()]).toEqual([0, false]);
});

test.each(['SIGTERM', 'SIGINT'] as const)('%s to npm and its processes is a clean stop', async (signal) => {
  const started = await npmStart('-w', 'functions/gateway');
  process.kill(-started.pid, signal);
  await started.ended;
  expect([started.exitCode(), await started.isLive()]).toEqual([0, false]);
});

test('a function says what it is, and where it listens', async () => {
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

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { isAlive } from './process-alive.ts';

test('tells a process that runs from one that has ended', async () => {
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  expect(isAlive(pid)).toBe(true);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isAlive(pid)).toBe(false);
});

test('does not take a group of processes for a process', () => {
  expect([0, -1, -process.pid, Number.NaN].filter(isAlive)).toEqual([]);
});

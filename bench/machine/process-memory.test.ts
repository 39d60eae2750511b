import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { kindOf, memoryOfTree, watchMemory } from './process-memory.ts';

const HELD_MB = 64;
/** Starts a child in its own session, which holds memory and says so. */
const PARENT = `
  const child = require('node:child_process').spawn(
    process.execPath,
    ['-e', 'globalThis.held = Buffer.alloc(${HELD_MB} << 20, 1); console.log("held"); setInterval(() => {}, 1e6)'],
    { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  child.stdout.once('data', () => console.log(child.pid));
  process.on('SIGTERM', () => { child.kill('SIGKILL'); process.exit(0); });
`;

test('the memory of a process tree includes processes in their own sessions', async () => {
  const parent = spawn(process.execPath, ['-e', PARENT], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = parent.pid ?? 0;
  const watch = watchMemory(pid, 5);
  const whole = memoryOfTree(pid);
  const child = memoryOfTree(Number(line.toString()));
  watch.stop();
  parent.kill('SIGTERM');
  await once(parent, 'exit');

  expect(child.totalMb).toBeGreaterThan(HELD_MB);
  expect(child.kinds.get('node')?.count).toBe(1);
  expect(whole.kinds.get('node')?.count).toBe(2);
  expect(whole.totalMb).toBeGreaterThan(child.totalMb);
  expect(watch.highest().totalMb).toBeGreaterThan(HELD_MB);
  expect(memoryOfTree(pid)).toEqual({ totalMb: 0, kinds: new Map() });
});

test.each([
  ['/usr/bin/node\0functions/standalone/main.ts\0', 'node'],
  ['npm start\0\0', 'npm'],
  ['/opt/native/bin/postgres\0-D\0/data\0', 'postgres'],
  ['postgres: checkpointer ', 'checkpointer'],
  ['postgres: terse: io worker 2', 'io worker'],
  ['postgres: terse terse [local] idle in transaction', 'connection'],
  ['', ''],
])('the kind of %j is %s', (command, kind) => {
  expect(kindOf(command)).toBe(kind);
});

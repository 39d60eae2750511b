import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openMemoryLimit } from './memory-limit.ts';

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'terse-cgroups-'))));
afterEach(() => rmSync(root, { recursive: true }));

test.each([
  {
    version: 2,
    files: { 'cgroup.subtree_control': 'cpu memory pids\n' },
    parent: '.',
    limit: 'memory.max',
    events: ['memory.events', 'low 0\noom 4\noom_kill 3\n'],
  },
  {
    version: 1,
    files: { 'memory/memory.limit_in_bytes': '9223372036854771712\n' },
    parent: 'memory',
    limit: 'memory.limit_in_bytes',
    events: ['memory.oom_control', 'oom_kill_disable 0\nunder_oom 0\noom_kill 3\n'],
  },
] as const)('version $version of control groups enforces a limit', ({ files, parent, limit, events }) => {
  mkdirSync(join(root, parent), { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(root, file), text);
  const opened = openMemoryLimit(384, root);
  const name = readdirSync(join(root, parent)).find((entry) => entry.startsWith('terse-bench-')) ?? '';
  const group = join(root, parent, name);
  expect(readFileSync(join(group, limit), 'utf8')).toBe(String(384 * 1024 ** 2));

  const [program = '', ...args] = opened?.within(['/bin/sh', '-c', 'echo "$$ $0"', 'an argument']) ?? [];
  const { stdout } = spawnSync(program, args, { encoding: 'utf8' });
  const entered = readFileSync(join(group, 'cgroup.procs'), 'utf8').trim();
  expect(stdout).toBe(`${entered} an argument\n`);

  const [file, text] = events;
  writeFileSync(join(group, file), text);
  expect(opened?.killed()).toBe(3);
});

test('there is no limit without control groups for memory', () => {
  writeFileSync(join(root, 'cgroup.subtree_control'), 'cpu pids\n');
  expect(openMemoryLimit(384, root)).toBeUndefined();
  expect(existsSync(join(root, 'memory'))).toBe(false);
});

import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { isAlive } from '@terse/platform/process-alive';
import { adoptCluster } from './cluster.ts';
import { clusterIn } from './folder.ts';
import { serverIdentity } from './identity.ts';
import { findPrograms } from './programs.ts';
import { endSurvivor } from './survivor.ts';
import {
  NOTES,
  postmasterOf,
  query,
  soon,
  startElsewhere,
  startTestServer,
  useMadeDatabase,
  WRITTEN,
} from './test-folder.ts';

const copy = useMadeDatabase();

describe('a server that was left behind', () => {
  test('by a killed process ends with it', async () => {
    const directory = copy();
    const { kill, said } = await startElsewhere(directory);
    expect(said).toBe('ready');
    const pid = postmasterOf(directory);
    await kill('SIGKILL');
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), soon);
  });

  test('by a killed process ends with it, also while one of its own processes hangs', async () => {
    const directory = copy();
    const { kill } = await startElsewhere(directory);
    const pid = postmasterOf(directory);
    const [child = ''] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
    process.kill(Number(child), 'SIGSTOP');
    await kill('SIGKILL');
    await vi.waitFor(() => expect([pid, Number(child)].filter(isAlive)).toEqual([]), soon);
  });

  test('that the system does not end is ended by the next start', async () => {
    const directory = copy();
    const cluster = clusterIn(directory);
    const identity = serverIdentity(cluster);
    adoptCluster(cluster, identity);
    const survivor = spawn(findPrograms().postgres, ['-D', cluster, '-c', 'listen_addresses='], {
      ...identity,
      stdio: 'ignore',
    });
    onTestFinished(() => {
      survivor.kill('SIGKILL');
    });
    await vi.waitFor(() => expect(postmasterOf(directory)).toBe(survivor.pid), soon);
    const { url } = await startTestServer(directory);
    expect(survivor.exitCode).toBe(0);
    expect(await query(url, NOTES)).toEqual(WRITTEN);
  });

  test.each(['postmaster.pid', '.s.PGSQL.5432.lock'])(
    'in %s only, whose number another process has now, leaves that process alone',
    async (name) => {
      const directory = copy();
      const stranger = spawn('/bin/sleep', ['600'], serverIdentity(clusterIn(directory)) ?? {});
      onTestFinished(() => {
        stranger.kill('SIGKILL');
      });
      const { kill } = await startElsewhere(directory);
      const path = join(clusterIn(directory), name);
      const text = readFileSync(path, 'utf8');
      await kill('SIGKILL');
      await vi.waitFor(() => expect(existsSync(path)).toBe(false), soon);
      writeFileSync(path, text.replace(/^.*/, String(stranger.pid)));
      const { url } = await startTestServer(directory);
      expect(await query(url, NOTES)).toEqual(WRITTEN);
      expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    },
  );

  test('in files only is not mistaken for the next one, which may get any number', async () => {
    const directory = copy();
    const cluster = clusterIn(directory);
    for (const name of ['postmaster.pid', '.s.PGSQL.5432.lock']) {
      const path = join(cluster, name);
      writeFileSync(path, '4194303\n/data\n1795856773\n5432\n.\n\n   868395         0\nready   \n');
      await endSurvivor(cluster);
      expect(readFileSync(path, 'utf8').split('\n', 1)).toEqual([String(process.pid)]);
    }
    expect(await query((await startTestServer(directory)).url, NOTES)).toEqual(WRITTEN);
  });

  test('in files that a power failure left empty is ignored', async () => {
    const directory = copy();
    for (const name of ['postmaster.pid', '.s.PGSQL.5432.lock']) {
      writeFileSync(join(clusterIn(directory), name), '');
    }
    expect(await query((await startTestServer(directory)).url, NOTES)).toEqual(WRITTEN);
  });
});

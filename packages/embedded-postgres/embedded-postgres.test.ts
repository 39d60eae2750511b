import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { joinEmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts';
import { adoptCluster } from './cluster.ts';
import { clusterIn } from './folder.ts';
import { serverIdentity } from './identity.ts';
import { findPrograms } from './programs.ts';
import { endSurvivor } from './survivor.ts';
import {
  copyOf,
  isAlive,
  openTestFolder,
  postmasterOf,
  query,
  SMALL,
  startElsewhere,
  startTestServer,
} from './test-folder.ts';

let folder: string;
/** A database with one row, stopped. */
let made: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terse-postgres-'));
  made = join(folder, 'postgres');
  const { url, stop } = await startEmbeddedPostgres({ directory: made, ...SMALL });
  await query(url, 'create table notes as select 1 as number');
  await stop();
});
afterAll(() => rm(folder, { recursive: true }));

const NOTES = 'select number from notes';
const WRITTEN = [{ number: 1 }];
const soon = { timeout: 20_000, interval: 20 };

describe('a folder', () => {
  test('keeps what was written, wherever it lies', async () => {
    const names = ['with space', `quote'"`, '%41', '\\', 'ünï☃', '$HOME', 'x'.repeat(80)];
    const directory = join(openTestFolder(), ...names, 'postgres');
    const first = await startTestServer(directory);
    await query(first.url, 'create table notes as select 1 as number');
    await first.stop();
    const second = await startTestServer(relative(process.cwd(), directory));
    expect(await query(second.url, NOTES)).toEqual(WRITTEN);
    await second.stop();
    const ofTheLock = new Set(['lock', 'lock-journal', 'pid']);
    expect(readdirSync(directory).filter((name) => !ofTheLock.has(name))).toEqual(['cluster', 'password']);
  });

  test('is refused where its path has a line break, and is not made', async () => {
    const directory = join(openTestFolder(), 'a\nb', 'postgres');
    await expect(startTestServer(directory)).rejects.toThrow(
      /^The database cannot lie in ".*a\\nb\/postgres"/,
    );
    expect(existsSync(directory)).toBe(false);
  });

  test('whose database was half made when the power failed gets a new one', async () => {
    const directory = join(openTestFolder(), 'postgres');
    const unfinished = join(directory, 'cluster.new');
    mkdirSync(join(unfinished, 'base'), { recursive: true });
    writeFileSync(join(unfinished, 'PG_VERSION'), '18\n');
    const { url } = await startTestServer(directory);
    expect(await query(url, 'select 1 as number')).toEqual(WRITTEN);
    expect(existsSync(unfinished)).toBe(false);
  });

  test.each([
    ['is missing', (password: string) => rmSync(password)],
    ['was copied in part', (password: string) => writeFileSync(password, 'half')],
  ])('whose password %s opens again, and is closed to others', async (_, lose) => {
    const directory = copyOf(made);
    lose(join(directory, 'password'));
    const { url } = await startTestServer(directory);
    expect(await query(url, NOTES)).toEqual(WRITTEN);
    await expect(query(withPassword(url, 'guess'), NOTES)).rejects.toMatchObject({ code: '28P01' });
  });

  test('whose password is that of another database says which file to remove', async () => {
    const directory = copyOf(made);
    writeFileSync(join(directory, 'password'), 'x'.repeat(43));
    await expect(startTestServer(directory)).rejects.toThrow(
      `The password in ${directory} is not that of the database beside it. Remove the file password`,
    );
    rmSync(join(directory, 'password'));
    expect(await query((await startTestServer(directory)).url, NOTES)).toEqual(WRITTEN);
  });

  test('that others may read, as copies often are, is closed to them', async () => {
    const directory = copyOf(made);
    chmodSync(clusterIn(directory), 0o755);
    const { url } = await startTestServer(directory);
    expect(await query(url, NOTES)).toEqual(WRITTEN);
    expect(statSync(clusterIn(directory)).mode & 0o077).toBe(0);
  });
});

describe('a server', () => {
  test('lets nobody in without the password, and listens at no port', async () => {
    const { url } = await startTestServer(copyOf(made));
    for (const password of ['', 'guess'])
      await expect(query(withPassword(url, password), NOTES)).rejects.toMatchObject({ code: '28P01' });
    expect(await query(url, 'show listen_addresses')).toEqual([{ listen_addresses: '' }]);
    const settings =
      "select name from pg_settings where name in ('fsync', 'full_page_writes') and setting = 'off'";
    expect(await query(url, settings)).toEqual([]);
  });

  test('is refused to a second process, with the pid of the first', async () => {
    const directory = copyOf(made);
    const { url } = await startTestServer(directory);
    const { said } = await startElsewhere(directory);
    expect(said).toBe(`${directory} is in use by another process (pid ${process.pid}).`);
    expect(await query(url, NOTES)).toEqual(WRITTEN);
  });

  test('starts once, however many want it at the same instant', async () => {
    const directory = join(openTestFolder(), 'postgres');
    const all = await Promise.all(Array.from({ length: 3 }, () => startElsewhere(directory)));
    const winner = all.find(({ said }) => said === 'ready');
    const refusal = `${directory} is in use by another process (pid ${winner?.pid}).`;
    expect(all.map(({ said }) => said).toSorted()).toEqual([refusal, refusal, 'ready'].toSorted());
  });

  test('is joined by a command beside the product, which leaves it running', async () => {
    const directory = copyOf(made);
    const server = await startTestServer(directory);
    const joined = await joinEmbeddedPostgres({ directory, ...SMALL });
    expect(await query(joined.url, NOTES)).toEqual(WRITTEN);
    await joined.stop();
    expect(await query(server.url, NOTES)).toEqual(WRITTEN);
    await server.stop();
    const alone = await joinEmbeddedPostgres({ directory, ...SMALL });
    onTestFinished(alone.stop);
    expect(await query(alone.url, NOTES)).toEqual(WRITTEN);
  });

  test('is not made for a command beside the product', async () => {
    const directory = openTestFolder();
    await expect(joinEmbeddedPostgres({ directory, ...SMALL })).rejects.toThrow(
      `There is no database in ${directory}.`,
    );
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('a server that was killed', () => {
  test.each([
    ['whole', (directory: string) => process.kill(postmasterOf(directory), 'SIGKILL')],
    [
      'in one of its processes',
      async (_: string, url: string) => {
        const [backend] = await query(
          url,
          "select pid from pg_stat_activity where backend_type = 'checkpointer'",
        );
        process.kill(Number(backend?.['pid']), 'SIGKILL');
      },
    ],
  ])('%s comes up again, tells of it once, and keeps what was written', async (_, kill) => {
    const directory = copyOf(made);
    const { url, events } = await startTestServer(directory);
    await query(url, 'insert into notes values (2)');
    await kill(directory, url);
    const told = () => events.filter(({ kind }) => kind !== 'log').map(({ kind }) => kind);
    await vi.waitFor(() => expect(told()).toEqual(['down', 'up again']), soon);
    expect(await query(url, 'select count(*)::int from notes')).toEqual([{ count: 2 }]);
  });

  test('is not started any more once it is stopped', async () => {
    const directory = copyOf(made);
    const server = await startTestServer(directory);
    process.kill(postmasterOf(directory), 'SIGKILL');
    await vi.waitFor(() => expect(server.events.at(-1)).toMatchObject({ kind: 'down' }), soon);
    await server.stop();
    await server.stop();
    expect(server.events.filter(({ kind }) => kind === 'up again')).toEqual([]);
    expect(await query((await startTestServer(directory)).url, NOTES)).toEqual(WRITTEN);
  });
});

test('a server whose folder is removed takes nothing any more, and makes no other', async () => {
  const directory = copyOf(made);
  const { url, events } = await startTestServer(directory);
  rmSync(directory, { recursive: true });
  const reason = 'its folder was removed, or is another one now';
  await vi.waitFor(() => expect(events.at(-1)).toEqual({ kind: 'down', reason }), soon);
  await expect(query(url, NOTES)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(existsSync(directory)).toBe(false);
});

describe('a server that was left behind', () => {
  test('by a killed process ends with it', async () => {
    const directory = copyOf(made);
    const { kill, said } = await startElsewhere(directory);
    expect(said).toBe('ready');
    const pid = postmasterOf(directory);
    await kill('SIGKILL');
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), soon);
  });

  test('where the system does not end it, is ended by the next start', async () => {
    const directory = copyOf(made);
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
    'in %s only, whose number another process has now, does no harm to that',
    async (name) => {
      const directory = copyOf(made);
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

  test('in files only is not mistaken for the next one, whatever number that gets', async () => {
    const directory = copyOf(made);
    const cluster = clusterIn(directory);
    for (const name of ['postmaster.pid', '.s.PGSQL.5432.lock']) {
      const path = join(cluster, name);
      writeFileSync(path, '4194303\n/data\n1795856773\n5432\n.\n\n   868395         0\nready   \n');
      await endSurvivor(cluster);
      expect(readFileSync(path, 'utf8').split('\n', 1)).toEqual([String(process.pid)]);
    }
    expect(await query((await startTestServer(directory)).url, NOTES)).toEqual(WRITTEN);
  });

  test('in files that the power failed to fill is forgotten', async () => {
    const directory = copyOf(made);
    for (const name of ['postmaster.pid', '.s.PGSQL.5432.lock'])
      writeFileSync(join(clusterIn(directory), name), '');
    expect(await query((await startTestServer(directory)).url, NOTES)).toEqual(WRITTEN);
  });
});

function withPassword(url: string, password: string): string {
  const changed = new URL(url);
  changed.password = password;
  return changed.href;
}

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import postgres from 'postgres';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { sendVisitors } from '../harness/clients/visitors.ts';
import { describeOnRealServices } from './on-real-services.ts';
import { runCommand, startCommand } from '../harness/processes/run-command.ts';
import { type StandaloneProcess, startStandalone } from '../harness/processes/standalone-process.ts';
import { createDatabase } from '../harness/servers/postgres.ts';

let directory: string;
let running: StandaloneProcess[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'terse-backup-'));
  running = [];
});
afterEach(async () => {
  await Promise.all(running.map((terse) => terse.end('SIGKILL')));
  rmSync(directory, { recursive: true });
});

const file = (name: string) => join(directory, name);

async function start(name: string, settings: Record<string, string> = {}): Promise<StandaloneProcess> {
  const terse = await startStandalone(file(name), settings);
  running.push(terse);
  return terse;
}

/** Resolves to the number of visits in the stats of the link. */
async function reported(terse: StandaloneProcess): Promise<number> {
  const response = await terse.call('GET', '/api/v1/links/hello/stats');
  const { totals } = (await response.json()) as { totals: { visits: number; bot_visits: number } };
  return totals.visits + totals.bot_visits;
}

interface Totals {
  readonly visits: number;
  readonly bot_visits: number;
}

/** Counts the visits in a backup: single rows, and the sum of the rollups. */
function visitsIn(name: string): { readonly single: number; readonly added: number } {
  const rows = new Map<string, string[][]>();
  let table: string[][] = [];
  for (const line of gunzipSync(readFileSync(file(name)))
    .toString()
    .split('\n')) {
    const begins = /^\{"table":"(\w+)"/.exec(line)?.[1];
    if (begins !== undefined) rows.set(begins, (table = []));
    else table.push(line.split('\t'));
  }
  const of = (table: string) => (rows.get(table) ?? []).filter((row) => row.length > 1);
  const sum = (numbers: readonly number[]) => numbers.reduce((all, each) => all + each, 0);
  const deltas = of('rollup_deltas').flatMap(
    ([, , json = '[]']) => JSON.parse(json.replaceAll('\\\\', '\\')) as Totals[],
  );
  return {
    single: of('visits').length,
    added:
      sum(of('hourly_rollups').map(([, , visits, bots]) => Number(visits) + Number(bots))) +
      sum(deltas.map(({ visits, bot_visits }) => visits + bot_visits)),
  };
}

describeOnRealServices('a backup', ({ databaseUrl }) => {
  test('of a busy product has one moment, and moves it to a server and back', async () => {
    const first = await start('first');
    await first.call('POST', '/api/v1/links', {
      original_url: 'https://example.com/',
      short_code: 'hello',
    });
    const visitors = sendVisitors({ url: `${first.url}/hello`, perSecond: 300 });
    await vi.waitUntil(async () => (await reported(first)) > 100, { timeout: 20_000, interval: 100 });
    const stored: number[] = [];
    for (const name of ['a', 'b', 'c']) {
      const outcome = await runCommand('backup', [file(name)], { DATA_DIR: file('first') });
      const { single, added } = visitsIn(name);
      expect(added).toBe(single);
      stored.push(single);
      expect(outcome).toMatchObject({ code: 0, stderr: '' });
      expect(outcome.stdout).toContain(`1 links and ${single.toLocaleString('en')} visits`);
    }
    const { answered, refused } = await visitors.stop();
    expect([...refused]).toEqual([]);
    expect(stored).toEqual(stored.toSorted((a, b) => a - b));
    const last = stored.at(-1) ?? 0;
    expect(last).toBeLessThanOrEqual(answered.size);

    const server = { DATABASE_URL: await createDatabase(databaseUrl, 'restored') };
    const onServer = await runCommand('restore', [file('c')], server);
    expect(onServer).toMatchObject({ code: 0, stderr: '' });
    const second = await start('second', server);
    expect(await reported(second)).toBe(last);
    await fetch(`${second.url}/hello`, { redirect: 'manual' });
    await vi.waitUntil(async () => (await reported(second)) === last + 1, { timeout: 20_000, interval: 100 });
    expect(await second.end('SIGTERM')).toBe(0);
    expect(await runCommand('backup', [file('d')], server)).toMatchObject({ code: 0 });

    expect(await runCommand('restore', [file('d')], { DATA_DIR: file('third') })).toMatchObject({ code: 0 });
    const third = await start('third');
    expect(await reported(third)).toBe(last + 1);
    await fetch(`${third.url}/hello`, { redirect: 'manual' });
    await vi.waitUntil(async () => (await reported(third)) === last + 2, { timeout: 20_000, interval: 100 });
    const link = await third.call('GET', '/api/v1/links/hello');
    expect(await link.json()).toMatchObject({ original_url: 'https://example.com/' });
  });

  test('is a file for its owner only, and replaces an existing one only with --force', async () => {
    const terse = await start('data');
    const settings = { DATA_DIR: file('data') };
    expect(await terse.end('SIGTERM')).toBe(0);
    expect(await runCommand('backup', [file('a')], settings)).toMatchObject({ code: 0 });
    expect(statSync(file('a')).mode & 0o777).toBe(0o600);
    writeFileSync(file('b'), 'old');
    const again = await runCommand('backup', [file('b')], settings);
    expect(again).toEqual({ code: 1, stdout: '', stderr: `${file('b')} already exists.\n` });
    expect(readFileSync(file('b'), 'utf8')).toBe('old');
    expect(await runCommand('backup', [file('b'), '--force'], settings)).toMatchObject({ code: 0 });
    expect(visitsIn('b')).toEqual({ single: 0, added: 0 });
    const through = await runCommand('backup', ['-'], settings);
    expect(through).toMatchObject({ code: 0, stderr: expect.stringContaining('wrote 0 links and 0 visits') });
    expect(readdirSync(directory).toSorted()).toEqual(['a', 'b', 'data']);
  });

  test('is refused in one line without a database to back up, and a restore without one to restore into', async () => {
    const settings = { DATA_DIR: file('data') };
    const refused = async (name: string, words: string[], more: Record<string, string> = {}) => {
      const { code, stdout, stderr } = await runCommand(name, words, { ...settings, ...more });
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/^[^\n]+\n$/);
      return stderr;
    };
    expect(await refused('backup', [file('a')])).toContain('There is no database in');
    expect(await refused('restore', [file('none')])).toContain(
      `${file('none')} cannot be read (ENOENT). Name a file that npm run backup made.`,
    );
    expect(await refused('restore', [directory])).toContain(
      'is a folder. Name a file that npm run backup made.',
    );
    writeFileSync(file('foreign'), 'PGDMP');
    expect(await refused('restore', [file('foreign')])).toContain('no backup of Terse');
    const nowhere = { DATABASE_URL: 'postgres://postgres@127.0.0.1:1/none', LOG_LEVEL: 'silent' };
    await runCommand('backup', [file('a')], nowhere).then(({ code }) => expect(code).toBe(1));
    expect(readdirSync(directory)).toEqual(['foreign']);

    const terse = await start('data');
    expect(await runCommand('backup', [file('a')], settings)).toMatchObject({ code: 0 });
    expect(await refused('restore', [file('a')])).toMatch(
      /is in use by another process \(pid \d+\)\. Stop that one first\.$/m,
    );
    await terse.call('POST', '/api/v1/links', { original_url: 'https://example.com/', short_code: 'mine' });
    expect(await terse.end('SIGTERM')).toBe(0);
    expect(await refused('restore', [file('a')])).toMatch(/empty database only, and this one has links/);
    const again = await start('data');
    expect((await again.call('GET', '/api/v1/links/mine')).status).toBe(200);
  });

  test('leaves nothing behind when it is stopped, nor does a restore', async () => {
    const full = await createDatabase(databaseUrl, 'full');
    const empty = await createDatabase(databaseUrl, 'empty');
    for (const url of [full, empty]) await runCommand('migrate', [], { DATABASE_URL: url });
    expect(await runCommand('backup', [file('a')], { DATABASE_URL: full })).toMatchObject({ code: 0 });
    for (const [command, name, url] of [
      ['backup', 'b', full],
      ['restore', 'a', empty],
    ] as const) {
      const sql = postgres(url, { max: 2, onnotice: () => {} });
      const held = Promise.withResolvers<undefined>();
      const holding = sql.begin(async (transaction) => {
        await transaction`lock table links in access exclusive mode`;
        await held.promise;
      });
      const running = startCommand(command, [file(name)], { DATABASE_URL: url });
      const waiting = () =>
        sql`select from pg_stat_activity where wait_event_type = 'Lock' and query like 'lock table%'`;
      await vi.waitUntil(async () => (await waiting()).length === 1, { timeout: 20_000 });
      running.send('SIGTERM');
      expect(await running.ended).toEqual({
        code: 1,
        stdout: '',
        stderr: 'Stopped. Nothing was changed.\n',
      });
      held.resolve(undefined);
      await holding;
      expect(readdirSync(directory)).toEqual(['a']);
      expect(await sql`select from kysely_migration`).not.toHaveLength(0);
      await sql.end();
    }
  });

  test.each(['backup', 'restore'])('shows the usage of %s when no file is named', async (name) => {
    for (const words of [[], [''], ['--'], ['--', '']]) {
      const { code, stdout, stderr } = await runCommand(name, words, { DATA_DIR: file('data') });
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain(`Name the file.\n\n`);
      expect(stderr).toContain(`npm run ${name} -- FILE`);
    }
    expect(existsSync(file('data'))).toBe(false);
  });
});

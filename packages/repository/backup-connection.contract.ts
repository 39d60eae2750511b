import { PassThrough, Writable } from 'node:stream';
import { type Kysely, sql } from 'kysely';
import { expect, test } from 'vitest';
import { writeBackup } from './backup.ts';
import { appliedMigrations } from './migrate.ts';
import type { CopyTransaction, OpenDatabase } from './open-database.ts';
import { openPair, restoreInto, takeBackup, withLinks } from './test-backups.ts';
import { allRows } from './test-rows.ts';

const PATIENCE = { timeout: 10_000 };
/** The error of the copy, or of the next statement when a pooler already had all rows. */
const CUT_OFF = /connection|ECONN|EPIPE|The database does not answer/i;

/** What the connection of a backup promises, directly and through a pooler. */
export function describeBackupConnection(open: () => Promise<OpenDatabase>): void {
  const pair = openPair(open, open);

  test.each([0, 1, 63, 64, 65, 500])('restores rows of %s KB, which no packet holds', async (kilobytes) => {
    const fixture = await withLinks(pair.from);
    const title = 'x'.repeat(kilobytes * 1024);
    await sql`update links set title = ${title}`.execute(fixture.db);
    await fixture.insert('2026-11-24T12:00:00Z', 50);
    const before = await allRows(pair.from.db);
    await restoreInto(pair.to, await takeBackup(pair.from));
    expect(await allRows(pair.to.db)).toEqual(before);
  });

  async function withMuch(): Promise<Kysely<unknown>> {
    const { db } = await withLinks(pair.from);
    await sql`
      update links set title = (select string_agg(md5(random()::text), '') from generate_series(1, 60000) as n)
    `.execute(db);
    return db as unknown as Kysely<unknown>;
  }

  const copies = async (db: Kysely<unknown>) => {
    const { rows } = await sql`
      select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
        and (query like 'copy%' and state = 'active' or state like 'idle in transaction%')
    `.execute(db);
    return rows.length;
  };

  test('fails when its destination is full, and leaves nothing running', async () => {
    const db = await withMuch();
    const full = new Writable({
      write: (_chunk, _encoding, done) => {
        done(new Error('no space left'));
      },
    });
    await expect(writeBackup(pair.from, full)).rejects.toThrow('no space left');
    await expect.poll(() => copies(db), PATIENCE).toBe(0);
    expect((await takeBackup(pair.from)).length).toBeGreaterThan(1000);
  });

  test('ends when it is stopped, and leaves nothing running', async () => {
    const db = await withMuch();
    const stop = new AbortController();
    // Nobody reads the destination, so the backup never ends.
    const writing = writeBackup(pair.from, new PassThrough(), stop.signal);
    await expect.poll(() => copies(db), PATIENCE).toBeGreaterThan(0);
    stop.abort(new Error('stopped'));
    await expect(writing).rejects.toThrow('stopped');
    await expect.poll(() => copies(db), PATIENCE).toBe(0);
  });

  test('a statement fails after rows that were not read to the end', async () => {
    const broken = pair.from.copy('snapshot', async ({ db, read }) => {
      const rows = await read(`copy (select repeat('x', 100) from generate_series(1, 1000000)) to stdout`);
      for await (const _ of rows) break;
      await sql`select 1`.execute(db);
    });
    await expect(broken).rejects.toMatchObject({ code: 'unavailable' });
  });

  /** Ends the connection of each copy on the server, once the copy has begun. */
  function cutOff(database: OpenDatabase): OpenDatabase {
    const cutAfter = async <T>({ db }: CopyTransaction, begin: () => Promise<T>): Promise<T> => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db);
      const stream = await begin();
      await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(database.db);
      return stream;
    };
    return {
      ...database,
      copy: (purpose, work) =>
        database.copy(purpose, (transaction) =>
          work({
            ...transaction,
            read: (statement) => cutAfter(transaction, () => transaction.read(statement)),
            write: async (statement) => {
              const rows = await cutAfter(transaction, () => transaction.write(statement));
              await expect.poll(() => rows.destroyed, PATIENCE).toBe(true);
              return rows;
            },
          }),
        ),
    };
  }

  test('fails when the server ends it, and changes nothing', async () => {
    const db = await withMuch();
    await expect(writeBackup(cutOff(pair.from), new PassThrough().resume())).rejects.toThrow(CUT_OFF);
    const backup = await takeBackup(pair.from);
    await expect(restoreInto(cutOff(pair.to), backup)).rejects.toThrow(CUT_OFF);
    expect(await appliedMigrations(pair.to.db)).toEqual([]);
    await expect.poll(() => copies(db), PATIENCE).toBe(0);
    await restoreInto(pair.to, backup);
    expect(await allRows(pair.to.db)).toEqual(await allRows(pair.from.db));
  });
}

import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { BackupError } from './backup-format.ts';
import { MIGRATIONS, migrate } from './migrate.ts';
import type { OpenDatabase } from './open-database.ts';
import { makeBare, openPair, restoreInto, takeBackup, withLinks } from './test-backups.ts';
import { TABLE_NAMES } from './tables.ts';
import { allRows, anyRows, insertRows } from './test-rows.ts';

/** The end of each refusal: what to do about the file. */
const NEXT_STEP =
  /\. (?:Copy its file again, or restore an earlier one|Name a file that npm run backup made|Restore it with (?:that release|the release that made it))\.$/;

/** What a backup or a restore refuses, without changing anything. */
export function describeRefusedBackups(open: () => Promise<OpenDatabase>): void {
  const pair = openPair(open, open);

  const some = async () => {
    const fixture = await withLinks(pair.from);
    await fixture.visits.preparePartitions(new Date('2026-11-24T00:00:00Z'));
    await fixture.insert('2026-11-24T12:00:00Z', 9);
    await fixture.merger.merge();
    await fixture.insert('2026-11-24T13:00:00Z', 5);
    return takeBackup(pair.from);
  };

  const tables = async ({ db }: OpenDatabase) => {
    const { rows } =
      await sql`select relname from pg_class where relnamespace = 'public'::regnamespace`.execute(db);
    return rows;
  };

  /** The message of a refused restore, which changed nothing. @throws Error when it is not refused in one line. */
  async function refusal(bytes: Uint8Array): Promise<string> {
    const outcome = await restoreInto(pair.to, bytes).catch((error: unknown) => error);
    if (!(outcome instanceof BackupError) || outcome.message.includes('\n')) {
      throw new Error('It is not refused in one line.', { cause: outcome });
    }
    expect(outcome.message).toMatch(NEXT_STEP);
    expect(await tables(pair.to)).toEqual([]);
    return outcome.message;
  }

  test('any beginning of a backup', async () => {
    const backup = await some();
    await fc.assert(
      fc.asyncProperty(fc.nat(backup.length - 1), async (length) => {
        expect(await refusal(backup.subarray(0, length))).toMatch(/damaged|no backup/);
      }),
      { numRuns: 12, examples: [[0], [1], [backup.length - 1]] },
    );
  });

  test('a backup with a wrong byte, unless that changes nothing', async () => {
    const backup = await some();
    const before = await allRows(pair.from.db);
    const wrongAt = fc.tuple(fc.nat(backup.length - 1), fc.integer({ min: 1, max: 255 }));
    const inTheHeader = [4, 1] as [number, number];
    const inTheChecksum = [backup.length - 5, 1] as [number, number];
    await fc.assert(
      fc.asyncProperty(wrongAt, async ([at, difference]) => {
        const wrong = Buffer.from(backup);
        wrong[at] = (wrong[at] ?? 0) ^ difference;
        const outcome = await restoreInto(pair.to, wrong).then(
          () => allRows(pair.to.db),
          async (error: unknown) => ({ error, left: await tables(pair.to) }),
        );
        expect([before, { error: expect.any(BackupError), left: [] }]).toContainEqual(outcome);
        await makeBare(pair.to);
      }),
      { numRuns: 30, examples: [[inTheHeader], [inTheChecksum]] },
    );
  });

  test('a backup without one of its lines, or with one of them twice', async () => {
    const lines = gunzipSync(await some())
      .toString()
      .split(/(?<=\n)/);
    await fc.assert(
      fc.asyncProperty(fc.nat(lines.length - 1), fc.boolean(), async (at, twice) => {
        const wrong = twice ? lines.toSpliced(at, 0, lines[at] ?? '') : lines.toSpliced(at, 1);
        expect(await refusal(gzipSync(wrong.join('')))).toMatch(/damaged|no backup/);
      }),
      { numRuns: 20 },
    );
  });

  test('a file that is no backup', async () => {
    const backup = await some();
    const text = gunzipSync(backup).toString();
    const header = { format: 'terse-backup', version: 2, migrations: MIGRATIONS, taken_at: '', postgres: '' };
    const cases: [Buffer, RegExp][] = [
      [Buffer.from(text), /no backup of Terse/],
      [Buffer.concat([Buffer.from('\n> terse@0.1.0 backup\n'), backup]), /no backup of Terse/],
      [gzipSync('hello'), /damaged|no backup/],
      [gzipSync('hello\n'), /no backup of Terse/],
      [gzipSync('null\n'), /no backup of Terse/],
      [gzipSync('[]\n'), /no backup of Terse/],
      [gzipSync('x'.repeat(3_000_000)), /damaged|no backup/],
      [gzipSync(text.replace('"terse-backup"', '"pg_dump"')), /no backup of Terse/],
      [gzipSync(`${JSON.stringify(header)}\n`), /format 2, and this release reads 1/],
      [gzipSync(text.replace('"migrations":', '"migration":')), /damaged/],
      [gzipSync(`${text}{}\n`), /something follows its last line/],
      [Buffer.concat([backup, gzipSync('more')]), /something follows its last line/],
    ];
    for (const [bytes, says] of cases) expect(await refusal(bytes)).toMatch(says);
  });

  test('a backup with names that this release does not know', async () => {
    const text = gunzipSync(await some()).toString();
    const last = MIGRATIONS.at(-1) ?? '';
    const cases: [part: string, by: string, says: RegExp][] = [
      [`"${last}"`, `"${last}","9999-later"`, /newer release.* 9999-later/],
      [`"${last}"`, '"0001-other"', /newer release.* 0001-other/],
      ['"table":"links"', '"table":"pg_authid"', /there is no pg_authid/],
      ['"table":"links"', '"table":"visits_default"', /there is no visits_default/],
      ['"original_url"', '"target\\"; drop table links"', /there is no links.target/],
      ['"days":[', '"days":["2026-13-45",', /damaged/],
      ['"days":[', '"days":["today",', /no dates/],
    ];
    for (const [part, by, says] of cases) {
      expect(await refusal(gzipSync(text.replace(part, by)))).toMatch(says);
    }
  });

  test('a database whose server has too few locks, and says what to do', async () => {
    const backup = await some();
    await migrate(pair.to.db);
    await sql`
      create or replace function ensure_visit_partition(day date) returns void language plpgsql as $$
      begin raise out_of_memory; end $$
    `.execute(pair.to.db);
    await expect(restoreInto(pair.to, backup)).rejects.toThrow(
      'The server has too few locks for the 9 days that visits have: raise its max_locks_per_transaction.',
    );
  });

  test('a database of a newer release, either way', async () => {
    const backup = await some();
    await migrate(pair.to.db);
    for (const { db } of [pair.from, pair.to]) {
      await sql`insert into kysely_migration (name, timestamp) values ('9999-later', '2099-01-01')`.execute(
        db,
      );
    }
    await expect(takeBackup(pair.from)).rejects.toThrow(/newer release.* 9999-later\. Use that release\.$/);
    await expect(restoreInto(pair.to, backup)).rejects.toThrow(
      /newer release.* 9999-later\. Use that release\.$/,
    );
  });

  test('a backup of a database that was not migrated', async () => {
    await expect(takeBackup(pair.to)).rejects.toThrow(
      /nothing to back up.* Name another one by DATA_DIR or DATABASE_URL\.$/,
    );
  });

  test('no database that has only rows of upkeep', async () => {
    await withLinks(pair.from);
    const backup = await takeBackup(pair.from);
    await migrate(pair.to.db);
    await sql`insert into count_progress (walked_to) values ('x')`.execute(pair.to.db);
    await sql`insert into counter_batches (id, applied_at) values ('b', now())`.execute(pair.to.db);
    await restoreInto(pair.to, backup);
    expect(await allRows(pair.to.db)).toEqual(await allRows(pair.from.db));
  });

  test.each(TABLE_NAMES.filter((name) => !name.startsWith('count')))(
    'a database where %s has a row, and changes nothing',
    async (table) => {
      await withLinks(pair.from);
      const backup = await takeBackup(pair.from);
      await migrate(pair.to.db);
      const some = fc.sample(await anyRows(pair.to.db), { numRuns: 50, seed: 1 });
      const rows = some.map((each) => each.get(table) ?? []).find((each) => each.length > 0) ?? [];
      await insertRows(pair.to.db, new Map([[table, rows]]));
      const before = await allRows(pair.to.db);
      await expect(restoreInto(pair.to, backup)).rejects.toThrow(
        new RegExp(
          `empty database only, and this one has .*${table}.* Name another one by DATA_DIR or DATABASE_URL\\.$`,
        ),
      );
      expect(await allRows(pair.to.db)).toEqual(before);
    },
  );
}

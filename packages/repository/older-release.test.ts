import { gunzipSync, gzipSync } from 'node:zlib';
import { type Kysely, type Migration, sql } from 'kysely';
import { describe, expect, test, vi } from 'vitest';
import { appliedMigrations, migrate, MIGRATIONS } from './migrate.ts';
import { openPair, restoreInto, takeBackup, withLinks } from './test-backups.ts';
import { openBareDatabase } from './test-database.ts';

// A release with one migration more than this one. It changes rows, so it must run after a backup is restored.
vi.mock('./migrations/all.ts', async (original) => {
  const { migrations } = await original<{ migrations: Readonly<Record<string, Migration>> }>();
  const later = { up: (db: Kysely<unknown>) => sql`update links set title = 'later'`.execute(db) };
  return { migrations: { ...migrations, '9998-later': later } };
});

const pair = openPair(openBareDatabase, openBareDatabase);

describe('a database of an older release', () => {
  test('is migrated from its last migration on', async () => {
    await withLinks(pair.from);
    await sql`delete from kysely_migration where name = '9998-later'`.execute(pair.from.db);
    expect(await migrate(pair.from.db)).toEqual(['9998-later']);
    const titles = await pair.from.db.selectFrom('links').select('title').distinct().execute();
    expect(titles).toEqual([{ title: 'later' }]);
  });

  test.each(['bare', 'migrated'])('is brought up to date by a restore into a %s database', async (place) => {
    await withLinks(pair.from);
    const text = gunzipSync(await takeBackup(pair.from)).toString();
    const older = text.replace(',"9998-later"', '');
    expect(older).not.toBe(text);
    if (place === 'migrated') await migrate(pair.to.db);
    await restoreInto(pair.to, gzipSync(older));
    expect(await appliedMigrations(pair.to.db)).toEqual(MIGRATIONS);
    const titles = await pair.to.db.selectFrom('links').select('title').distinct().execute();
    expect(titles).toEqual([{ title: 'later' }]);
  });

  test('cannot be backed up by this release before it is migrated', async () => {
    await sql`delete from kysely_migration where name = '9998-later'`.execute(pair.from.db);
    await expect(takeBackup(pair.from)).rejects.toThrow(/older release.* npm start, or npm run migrate/);
  });
});

import { sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import { migrate } from './migrate.ts';
import { describeRepositories } from './repositories.contract.ts';
import { openTestDatabase } from './test-database.ts';

const database = describeRepositories(openTestDatabase);

test('migrating again changes nothing', async () => {
  expect(await migrate(database().db)).toEqual([]);
});

test('leaves the database of a newer release as it is', async () => {
  const newer = await openTestDatabase();
  onTestFinished(() => newer.close());
  await sql`insert into kysely_migration values ('9999-later', '2999-01-01T00:00:00.000Z')`.execute(newer.db);
  await sql`delete from kysely_migration where name = '0008-link-search'`.execute(newer.db);
  await expect(migrate(newer.db)).rejects.toThrow(
    'newer release: this one does not know its migration 9999-later',
  );
  const { rows } = await sql`select from kysely_migration where name = '0008-link-search'`.execute(newer.db);
  expect(rows).toEqual([]);
});

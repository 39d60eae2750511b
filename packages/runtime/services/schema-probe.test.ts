import { migrate, MIGRATIONS } from '@terse/repository/migrate';
import type { OpenDatabase } from '@terse/repository/open-database';
import { openPostgres } from '@terse/repository/postgres';
import { openBareDatabase, openTestDatabase } from '@terse/repository/test-database';
import { sql } from 'kysely';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createLog } from '../telemetry/log.ts';
import { createSchemaProbe } from './schema-probe.ts';

function probeOf(database: OpenDatabase) {
  const log = createLog('silent');
  const error = vi.spyOn(log, 'error');
  const probe = createSchemaProbe(database, log);
  const isUp = () =>
    probe().then(
      () => true,
      () => false,
    );
  return { isUp, told: () => error.mock.calls.map(([details]) => details) };
}

const addMigration = (database: OpenDatabase, name: string) =>
  sql`insert into kysely_migration (name, timestamp) values (${name}, '2099-01-01')`.execute(database.db);
const removeMigration = (database: OpenDatabase, name: string) =>
  sql`delete from kysely_migration where name = ${name}`.execute(database.db);

test('waits for the first migration, and for each of a new release, and logs each once', async () => {
  const database = await openBareDatabase();
  onTestFinished(() => database.close());
  const [first = '', last = ''] = [MIGRATIONS[0], MIGRATIONS.at(-1)];
  const { isUp, told } = probeOf(database);
  expect([await isUp(), await isUp()]).toEqual([false, false]);
  await migrate(database.db);
  await removeMigration(database, last);
  expect([await isUp(), await isUp()]).toEqual([false, false]);
  await addMigration(database, last);
  expect(await isUp()).toBe(true);
  expect(told()).toEqual([...new Set([first, last])].map((migration) => ({ migration })));
});

test('accepts the schema of a later release, and from then on only asks for an answer', async () => {
  const database = await openTestDatabase();
  onTestFinished(() => database.close());
  await addMigration(database, '9999-later');
  const { isUp, told } = probeOf(database);
  expect(await isUp()).toBe(true);
  await sql`drop table kysely_migration`.execute(database.db);
  expect([await isUp(), told()]).toEqual([true, []]);
});

test('accepts a login that may not read the migrations', async () => {
  const database = await openTestDatabase();
  onTestFinished(() => database.close());
  const user = `redirect_${Date.now()}`;
  await sql`create role ${sql.id(user)} login password 'password-of-a-test' in role terse_redirect`.execute(
    database.db,
  );
  onTestFinished(async () => void (await sql`drop role ${sql.id(user)}`.execute(database.db)));
  const { href } = Object.assign(new URL(database.url), { username: user, password: 'password-of-a-test' });
  const redirect = openPostgres({ url: href, name: 'tests', poolSize: 1, statementTimeoutMs: 5000 });
  onTestFinished(() => redirect.close());
  expect(await probeOf(redirect).isUp()).toBe(true);
});

test('rejects while the server does not answer, and logs no missing migration', async () => {
  const url = 'postgres://terse@127.0.0.1:1/terse';
  const nowhere = openPostgres({ url, name: 'tests', poolSize: 1, statementTimeoutMs: 5000 });
  onTestFinished(() => nowhere.close());
  const { isUp, told } = probeOf(nowhere);
  expect([await isUp(), told()]).toEqual([false, []]);
});

import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeBackups } from './backup.contract.ts';
import { describeBackupConnection } from './backup-connection.contract.ts';
import { describeRefusedBackups } from './backup-refusals.contract.ts';
import type { OpenDatabase } from './open-database.ts';
import { FUNCTION_NAMES, TABLE_NAMES } from './tables.ts';
import { openBareDatabase, openTestDatabase } from './test-database.ts';

describe('a backup', () => {
  describeBackups(openBareDatabase);
});
describe('the connection of a backup', () => {
  describeBackupConnection(openBareDatabase);
});
describe('refuses', () => {
  describeRefusedBackups(openBareDatabase);
});

describe('the list of tables and functions in a backup', () => {
  let database: OpenDatabase;
  beforeAll(async () => {
    database = await openTestDatabase();
  });
  afterAll(() => database.close());

  test('has every table that the migrations make', async () => {
    const { rows } = await sql<{ name: string }>`
      select table_name as name from information_schema.tables
      where table_schema = current_schema() and table_name !~ '^(kysely_|visits_)' order by 1
    `.execute(database.db);
    expect([...TABLE_NAMES].toSorted()).toEqual(rows.map(({ name }) => name));
  });

  test('has every function that the migrations make', async () => {
    const { rows } = await sql<{ name: string }>`
      select proname as name from pg_proc where pronamespace = current_schema()::regnamespace order by 1
    `.execute(database.db);
    expect(FUNCTION_NAMES).toEqual(rows.map(({ name }) => name));
  });
});

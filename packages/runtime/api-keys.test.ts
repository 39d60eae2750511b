import { systemClock } from '@terse/platform/clock';
import { openBareDatabase } from '@terse/repository/test-database';
import { sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import { withApiKeys } from './api-keys.ts';
import { readConfig } from './settings/config.ts';
import { createLog } from './telemetry/log.ts';
import { MANIFESTS } from '../../functions/manifests.ts';

async function listIn(url: string) {
  const config = readConfig(MANIFESTS.keys, { DATABASE_URL: url });
  const context = { manifest: MANIFESTS.keys, config, clock: systemClock, log: createLog('silent') } as const;
  return withApiKeys(context, (keys) => keys.list());
}

test('says what a database without tables needs', async () => {
  const database = await openBareDatabase();
  onTestFinished(() => database.close());
  await expect(listIn(database.url)).rejects.toThrow('npm start, or npm run migrate');
});

test('says which login is needed', async () => {
  const database = await openBareDatabase();
  onTestFinished(() => database.close());
  const user = `nobody_${Date.now()}`;
  await sql`create table api_keys (key_hash text, name text, created_at timestamptz, deleted_at timestamptz)`.execute(
    database.db,
  );
  await sql`create role ${sql.id(user)} login password 'password-of-a-test'`.execute(database.db);
  onTestFinished(async () => void (await sql`drop role ${sql.id(user)}`.execute(database.db)));
  const url = Object.assign(new URL(database.url), { username: user, password: 'password-of-a-test' });
  await expect(listIn(url.href)).rejects.toThrow('use the owner of the tables');
});

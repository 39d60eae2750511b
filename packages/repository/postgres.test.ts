import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { sql } from 'kysely';
import { expect, onTestFinished, test, vi } from 'vitest';
import { migrate } from './migrate.ts';
import { openPostgres } from './postgres.ts';
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
  await sql`delete from kysely_migration where name = '0001-baseline'`.execute(newer.db);
  await expect(migrate(newer.db)).rejects.toThrow('newer release, which has the migration 9999-later');
  const { rows } = await sql`select from kysely_migration where name = '0001-baseline'`.execute(newer.db);
  expect(rows).toEqual([]);
});

test('tries a database that was down for long again at once', async () => {
  const { db, close } = openPostgres({
    url: 'postgres://terse@localhost/terse?host=/nowhere',
    name: 'tests',
    poolSize: 1,
    statementTimeoutMs: 60_000,
  });
  onTestFinished(close);
  // With the driver's own waits, which grow to 20 s, ten tries take longer than a test may.
  for (let tries = 0; tries < 10; tries++) {
    await expect(sql`select 1`.execute(db)).rejects.toMatchObject({ code: 'unavailable' });
  }
});

/** `AuthenticationOk` and `ReadyForQuery`: https://www.postgresql.org/docs/18/protocol-message-formats.html. */
const READY = Buffer.from('5200000008000000005a0000000549', 'hex');

test('a server that disappears while a connection is set up fails only the statement', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.write(READY);
      socket.once('data', () => socket.destroy());
    });
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  onTestFinished(() => void process.off('unhandledRejection', unhandled));
  const { db, close } = openPostgres({
    url: `postgres://terse@127.0.0.1:${(server.address() as AddressInfo).port}/terse`,
    name: 'tests',
    poolSize: 1,
    statementTimeoutMs: 60_000,
  });
  onTestFinished(close);
  await expect(sql`select 1`.execute(db)).rejects.toMatchObject({ code: 'unavailable' });
  await setImmediate();
  expect(unhandled).not.toHaveBeenCalled();
});

test.each([
  ['PGSSL', 'require'],
  ['PGTARGET_SESSION_ATTRS', 'read-only'],
  ['PGTARGETSESSIONATTRS', 'standby'],
  ['PGBACKOFF', 'no number'],
  ['PGFETCH_TYPES', ''],
  ['PGHOST', '/nowhere'],
  ['PGPASSWORD', 'wrong'],
])('%s in the environment does not change how a database is reached', async (name, value) => {
  vi.stubEnv(name, value);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const { db, close } = await openTestDatabase();
  onTestFinished(close);
  const { rows } = await sql`select 1 as one`.execute(db);
  expect(rows).toEqual([{ one: 1 }]);
});

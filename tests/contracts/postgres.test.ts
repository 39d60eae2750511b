import type { ShortCode } from '@terse/core/links/short-code';
import { createTestClock } from '@terse/platform/test-clock';
import { testValues } from '@terse/core/links/test-link';
import { migrate } from '@terse/repository/migrate';
import { openPostgres } from '@terse/repository/postgres';
import { describeRepositories } from '@terse/repository/repositories.contract';
import { createLinkRepository } from '@terse/repository/link-repository';
import type { Database } from '@terse/repository/schema';
import { type Kysely, sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { openFaultProxy } from '../../harness/deployment/fault-proxy.ts';
import { describeOnRealServices } from '../on-real-services.ts';
import type { RealServices } from '../real-services.ts';
import { createDatabase } from '../../harness/servers/postgres.ts';

interface More {
  readonly statementTimeoutMs?: number;
  readonly poolSize?: number;
  readonly prepare?: boolean;
}

/** Whether the PgBouncer of the tests keeps prepared statements, as it does from 1.21 on. */
const PREPARED_BY_POOLER = process.env['TEST_PGBOUNCER'] !== undefined;

const WAYS: [string, (services: RealServices) => string, boolean][] = [
  ['a PostgreSQL server', ({ databaseUrl }) => databaseUrl, true],
  ['PgBouncer in transaction mode', ({ pooledUrl }) => pooledUrl, PREPARED_BY_POOLER],
];

describeOnRealServices('on', (services) => {
  describe.each(WAYS)('%s', (_name, wayOf, prepare) => {
    describeDatabase(services.databaseUrl, wayOf(services), prepare);
  });
});

/** @param way the address that reaches the server, directly or through a pooler. */
function describeDatabase(serverUrl: string, way: string, canPrepare: boolean): void {
  let url: string;
  const open = (url: string, more: More = {}) =>
    openPostgres({
      url,
      name: 'terse-test',
      poolSize: 5,
      statementTimeoutMs: 1e4,
      prepare: canPrepare,
      ...more,
    });
  const create = async (name: string) => {
    const made = new URL(await createDatabase(serverUrl, name));
    return Object.assign(made, { host: new URL(way).host }).href;
  };
  const database = describeRepositories(async () => {
    url = await create('contract');
    const opened = open(url);
    await migrate(opened.db);
    return opened;
  });

  test('returns counts beyond 32 bits as numbers', async () => {
    const { rows } = await sql<{ count: number }>`select 9007199254740991::bigint as count`.execute(
      database().db,
    );
    expect(rows).toEqual([{ count: 9_007_199_254_740_991 }]);
  });

  test('uses UTC, whatever the time zone of the server', async () => {
    const { rows } = await sql`show timezone`.execute(database().db);
    expect(rows).toEqual([{ TimeZone: 'UTC' }]);
  });

  /** Counts running statements with this mark. */
  const running = async (mark: string) => {
    const { rows } = await sql<{ pid: number }>`
      select pid from pg_stat_activity where state = 'active' and query like ${`%${mark}%`}
        and pid <> pg_backend_pid() and query not like '%pg_stat_activity%'
    `.execute(database().db);
    return rows.length;
  };

  test('cancels a statement that takes too long, on the server, too, and goes on', async () => {
    const impatient = open(url, { statementTimeoutMs: 50 });
    await expect(
      sql`select pg_sleep(30) as ${sql.id('too_long')}`.execute(impatient.db),
    ).rejects.toMatchObject({
      code: 'unavailable',
      cause: { message: expect.stringContaining('timed out after') },
    });
    await expect.poll(() => running('too_long'), { timeout: 5000 }).toBe(0);
    await expect(impatient.probe()).resolves.toBeDefined();
    await impatient.close();
  });

  test('gives no statement the answer of another one that was cancelled', async () => {
    const impatient = open(url, { statementTimeoutMs: 400, poolSize: 1 });
    await impatient.probe();
    const sleeping = Promise.allSettled(
      [30, 31, 32].map((seconds) => sql`select pg_sleep(${seconds})`.execute(impatient.db)),
    );
    const asked = async (n: number) => {
      const { rows } = await sql<{ n: number }>`select ${n}::int as n`.execute(impatient.db);
      return rows[0]?.n;
    };
    expect((await sleeping).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await expect.poll(() => asked(-1).catch(() => 0), { timeout: 30_000 }).toBe(-1);
    const numbers = Array.from({ length: 50 }, (_, n) => n);
    expect(await Promise.all(numbers.map(asked))).toEqual(numbers);
    await impatient.close();
  });

  test('goes on with new connections when the old ones have died silently', async () => {
    const proxy = await openFaultProxy(Number(new URL(way).port));
    const far = open(Object.assign(new URL(url), { host: `127.0.0.1:${proxy.port}` }).href, {
      statementTimeoutMs: 200,
    });
    await far.probe();
    proxy.goSilent();
    await expect(far.probe()).rejects.toMatchObject({ code: 'unavailable' });
    proxy.heal();
    await expect.poll(() => far.probe().then(Boolean, () => false), { timeout: 10_000 }).toBe(true);
    await far.close();
    await proxy.close();
  });

  test('names the setting to change when a pooler has forgotten a prepared statement', async () => {
    const forgotten = sql`do $$ begin raise exception 'unknown' using errcode = '26000'; end $$`;
    await expect(forgotten.execute(database().db)).rejects.toMatchObject({
      code: 'unavailable',
      cause: { message: expect.stringContaining('set DATABASE_PREPARE=off') },
    });
  });

  test('sets time-outs of a transaction on the server, for the transaction only', async () => {
    const bounds = async (db: Kysely<Database>) => {
      const { rows } = await sql`
        select current_setting('statement_timeout') as one, current_setting('idle_in_transaction_session_timeout') as idle
      `.execute(db);
      return rows;
    };
    expect(await database().db.transaction().execute(bounds)).toEqual([{ one: '10s', idle: '10s' }]);
    expect(await bounds(database().db)).toEqual([{ one: '0', idle: '0' }]);
  });

  test('says why a migration fails, leaves nothing of it, and lets the next one begin', async () => {
    const broken = open(await create('broken_migration'));
    await sql`create table visits (id int)`.execute(broken.db);
    await expect(migrate(broken.db)).rejects.toMatchObject({
      cause: { message: expect.stringContaining('already exists') },
    });
    await sql`drop table visits`.execute(broken.db);
    expect(await migrate(broken.db)).toContain('0001-baseline');
    await broken.close();
  });

  test('reconnects after the server has cut its connections', async () => {
    const other = open(url);
    await other.probe();
    await sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'terse-test' and pid <> pg_backend_pid()
    `.execute(database().db);
    await expect.poll(() => other.probe().then(Boolean, () => false), { timeout: 5000 }).toBe(true);
    await other.close();
  });

  test('is migrated once when ten start at once', async () => {
    const fresh = await create('ten_migrations');
    const databases = Array.from({ length: 10 }, () => open(fresh));
    const applied = await Promise.all(databases.map(({ db }) => migrate(db)));
    expect(applied.filter((names) => names.length > 0)).toHaveLength(1);
    await Promise.all(databases.map((each) => each.close()));
  });

  test.each(['require', 'verify-full'])('never falls back to plain text with sslmode=%s', async (mode) => {
    const encrypted = open(`${url}?sslmode=${mode}`);
    await expect(encrypted.probe()).rejects.toMatchObject({
      code: 'unavailable',
      cause: { message: expect.stringMatching(/ssl|tls|ECONNRESET|CONNECTION|CONNECT_TIMEOUT/i) },
    });
    await encrypted.close();
  });

  test('rejects the probe when there is no server', async () => {
    const nowhere = open('postgres://postgres@127.0.0.1:1/none');
    await expect(nowhere.probe()).rejects.toMatchObject({
      code: 'unavailable',
      cause: { code: 'ECONNREFUSED' },
    });
    await nowhere.close();
  });

  test('reports an outage to each caller whose link was in the same statement', async () => {
    const nowhere = open('postgres://postgres@127.0.0.1:1/none');
    const links = createLinkRepository({ db: nowhere.db, clock: createTestClock() });
    const outcomes = ['a', 'b', 'c'].map((code) =>
      links.create({ ...testValues, short_code: code as ShortCode }),
    );
    await Promise.all(
      outcomes.map((outcome) => expect(outcome).rejects.toMatchObject({ code: 'unavailable' })),
    );
    await nowhere.close();
  });
}

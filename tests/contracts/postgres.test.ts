import type { ShortCode } from '@terse/core/short-code';
import { createTestClock } from '@terse/core/test-clock';
import { testLink } from '@terse/core/test-link';
import { migrate } from '@terse/repository/migrate';
import { openPostgres } from '@terse/repository/postgres';
import { describeRepositories } from '@terse/repository/repositories.contract';
import { createUrlRepository } from '@terse/repository/url-repository';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { describeOnRealParts } from '../on-real-parts.ts';
import { createDatabase } from '../stack/postgres.ts';

const open = (url: string, more: { statementTimeoutMs?: number } = {}) =>
  openPostgres({ url, name: 'terse-test', poolSize: 5, statementTimeoutMs: 10_000, ...more });

describeOnRealParts('on a PostgreSQL server', ({ databaseUrl }) => {
  let url: string;
  const database = describeRepositories(async () => {
    url = await createDatabase(databaseUrl, 'contract');
    const opened = open(url);
    await migrate(opened.db);
    return opened;
  });

  test('gives counts beyond 32 bits as numbers', async () => {
    const { rows } = await sql<{ count: number }>`select 9007199254740991::bigint as count`.execute(
      database().db,
    );
    expect(rows).toEqual([{ count: 9_007_199_254_740_991 }]);
  });

  test('speaks of time in UTC, whatever the server does', async () => {
    const { rows } = await sql`show timezone`.execute(database().db);
    expect(rows).toEqual([{ TimeZone: 'UTC' }]);
  });

  test('cuts off a statement that takes too long, and goes on', async () => {
    const impatient = open(url, { statementTimeoutMs: 50 });
    await expect(sql`select pg_sleep(5)`.execute(impatient.db)).rejects.toMatchObject({
      code: 'unavailable',
      cause: { message: expect.stringContaining('statement timeout') },
    });
    await expect(impatient.probe()).resolves.toBeDefined();
    await impatient.close();
  });

  test('comes back by itself after the server cut its connections', async () => {
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
    const fresh = await createDatabase(databaseUrl, 'ten_migrations');
    const databases = Array.from({ length: 10 }, () => open(fresh));
    const applied = await Promise.all(databases.map(({ db }) => migrate(db)));
    expect(applied.filter((names) => names.length > 0)).toHaveLength(1);
    await Promise.all(databases.map((each) => each.close()));
  });

  test.each(['require', 'verify-full'])('never falls back to plain text with sslmode=%s', async (mode) => {
    const encrypted = open(`${url}?sslmode=${mode}`);
    await expect(encrypted.probe()).rejects.toMatchObject({
      code: 'unavailable',
      cause: { message: expect.stringMatching(/ssl|tls|ECONNRESET|CONNECTION/i) },
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

  test('tells an outage to each of those whose links were to share a statement', async () => {
    const nowhere = open('postgres://postgres@127.0.0.1:1/none');
    const urls = createUrlRepository({ db: nowhere.db, clock: createTestClock() });
    const { original_url, redirect_status, title, expires_at, pinned } = testLink;
    const values = { original_url, redirect_status, title, expires_at, pinned, tags: [] };
    const outcomes = ['a', 'b', 'c'].map((code) => urls.create({ ...values, short_code: code as ShortCode }));
    await Promise.all(
      outcomes.map((outcome) => expect(outcome).rejects.toMatchObject({ code: 'unavailable' })),
    );
    await nowhere.close();
  });
});

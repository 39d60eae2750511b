import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { processesOf } from '../processes/processes-of.ts';
import { withSql } from './connections.ts';
import { type PostgresServer, startPostgres } from './postgres.ts';

const INSTALL_AND_START_MS = 300_000;

describe('PostgreSQL', { timeout: 60_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'terse-postgres-'));
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres({ directory });
  }, INSTALL_AND_START_MS);

  afterAll(async () => {
    await server?.stop();
    rmSync(directory, { recursive: true });
  });

  test('answers a superuser, in UTF-8', async () => {
    const rows = await withSql(
      server.url,
      (sql) => sql`select usesuper, current_setting('server_encoding') as encoding, ${'Größe 🐘'} as text
        from pg_user where usename = current_user`,
    );
    expect([...rows]).toEqual([{ usesuper: true, encoding: 'UTF8', text: 'Größe 🐘' }]);
  });

  test('is not reached at another address of the machine', async () => {
    await expect(once(connect(server.port, '127.0.0.2'), 'connect')).rejects.toThrow('ECONNREFUSED');
  });

  test('does not run as root', () => {
    expect(statSync(`/proc/${server.pid}`).uid).not.toBe(0);
  });

  test('gives each test file its own empty database', async () => {
    const [first, second] = await Promise.all([
      server.createDatabase('first'),
      server.createDatabase('second'),
    ]);
    await withSql(first, (sql) => sql`create table only_here (id int)`);
    const tables = (url: string) =>
      withSql(url, (sql) => sql`select 1 from pg_tables where tablename = 'only_here'`);
    expect(await tables(first)).toHaveLength(1);
    expect(await tables(second)).toHaveLength(0);
  });

  test('replaces a database of the same name, even one in use', async () => {
    const url = await server.createDatabase('again');
    await withSql(url, async (sql) => {
      await sql`create table old (id int)`;
      await server.createDatabase('again');
    });
    expect(await withSql(url, (sql) => sql`select 1 from pg_tables where tablename = 'old'`)).toHaveLength(0);
  });

  test('keeps committed data when it is killed and restarts at the same address', async () => {
    const { pid, port, url } = server;
    await withSql(url, (sql) => sql`create table lasting as select 42 as answer`);
    await server.kill();
    expect(server.pid).toBeUndefined();
    expect(processesOf(directory)).toEqual([]);
    await server.restart();
    expect(server.pid).not.toBe(pid);
    expect(server).toMatchObject({ port, url });
    expect([...(await withSql(url, (sql) => sql`select answer from lasting`))]).toEqual([{ answer: 42 }]);
  });

  test('leaves no process behind when stopped while clients are connected', async () => {
    const sql = postgres(server.url, { max: 3 });
    await Promise.all([1, 2, 3].map(() => sql`select pg_sleep(0.05)`));
    expect(processesOf(directory).length).toBeGreaterThan(3);
    await server.stop();
    expect(processesOf(directory)).toEqual([]);
    await sql.end();
    await server.stop();
  });
});

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { processesOf } from '../processes/processes-of.ts';
import { withSql } from './connections.ts';
import { startPgbouncer } from './pgbouncer.ts';
import { type PostgresServer, startPostgres } from './postgres.ts';
import { makeDirectory } from './program.ts';
import type { RunningServer } from './running-server.ts';

const INSTALL_AND_START_MS = 300_000;

describe('PgBouncer', { timeout: 60_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'terse-pgbouncer-'));
  let server: PostgresServer;
  let bouncer: RunningServer;

  beforeAll(async () => {
    makeDirectory(directory);
    server = await startPostgres({ directory: join(directory, 'postgres') });
    bouncer = await startPgbouncer({ directory: join(directory, 'pgbouncer'), serverUrl: server.url });
  }, INSTALL_AND_START_MS);

  afterAll(async () => {
    await bouncer?.stop();
    await server?.stop();
    rmSync(directory, { recursive: true });
  });

  const query = <T>(
    work: (sql: postgres.Sql) => Promise<T>,
    connection: postgres.Options<{}>['connection'] = {},
  ) => withSql(bouncer.url, work, { max: 2, prepare: false, connection });

  test('gives each transaction any free connection', async () => {
    const pids = await query(async (sql) => {
      const [first] = await sql`select pg_backend_pid() as pid`;
      const second = await sql.begin(async () => sql`select pg_backend_pid() as pid`);
      return [first?.['pid'], second[0]?.['pid']];
    });
    expect(new Set(pids).size).toBe(2);
  });

  test('refuses session settings at the start of a connection, as managed poolers do', async () => {
    await expect(query((sql) => sql`select 1`, { statement_timeout: 1000 })).rejects.toThrow(
      'unsupported startup parameter',
    );
  });

  test('does not run as root', () => {
    expect(statSync(`/proc/${bouncer.pid}`).uid).not.toBe(0);
  });

  test('returns at the same address after it was killed, and leaves no process behind when stopped', async () => {
    const { pid, port } = bouncer;
    await bouncer.kill();
    await bouncer.restart();
    expect(bouncer.pid).not.toBe(pid);
    expect(bouncer.port).toBe(port);
    expect([...(await query((sql) => sql`select 1 as answer`))]).toEqual([{ answer: 1 }]);
    await bouncer.stop();
    expect(processesOf(join(directory, 'pgbouncer'))).toEqual([]);
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@terse/embedded-postgres/embedded-postgres';
import { describeBackups } from '@terse/repository/backup.contract';
import { describeBackupConnection } from '@terse/repository/backup-connection.contract';
import { openPostgres } from '@terse/repository/postgres';
import { createDatabase as createOn } from '@terse/repository/test-database';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeOnRealServices } from '../on-real-services.ts';
import { createDatabase } from '../../harness/servers/postgres.ts';

describeOnRealServices('a backup of', ({ databaseUrl, pooledUrl }) => {
  let directory: string;
  let embedded: EmbeddedPostgres;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'terse-backup-'));
    embedded = await startEmbeddedPostgres({
      directory: join(directory, 'postgres'),
      buffersMb: 32,
      // The number of the product.
      connections: 5,
    });
  });
  afterAll(async () => {
    await embedded.stop();
    rmSync(directory, { recursive: true });
  });

  let databases = 0;
  const open = (url: string) =>
    openPostgres({ url, name: 'terse-test', poolSize: 5, statementTimeoutMs: 30_000, prepare: false });
  const onServer = async () => {
    const made = new URL(await createDatabase(databaseUrl, `backup_${++databases}`));
    return open(Object.assign(made, { host: new URL(pooledUrl).host }).href);
  };
  const onEmbedded = async () => open(await createOn(embedded.url, `backup_${++databases}`, 'template0'));

  describe('PostgreSQL 15 behind PgBouncer', () => {
    describeBackups(onServer);
  });
  describe('PostgreSQL 15, for PostgreSQL 18', () => {
    describeBackups(onServer, onEmbedded);
  });
  test('the embedded database has room for the locks of five years: four per day', async () => {
    const { db, close } = await onEmbedded();
    const locks = sql<{ count: number }>`
      select count(pg_advisory_xact_lock(lock)) from generate_series(1, ${5 * 365 * 4}::int) as lock
    `;
    expect((await locks.execute(db)).rows).toEqual([{ count: 7300 }]);
    await close();
  });

  describe('PostgreSQL 18, for PostgreSQL 15', () => {
    describeBackups(onEmbedded, onServer);
  });
  describe('PostgreSQL 15 behind PgBouncer: its connection', () => {
    describeBackupConnection(onServer);
  });
});

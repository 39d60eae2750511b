import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@terse/embedded-postgres/embedded-postgres';
import { createDatabase, MIGRATED } from '@terse/repository/test-database';
import type { TestProject } from 'vitest/node';
import { migrateDatabase } from '../harness/deployment/migrated-database.ts';

const CONNECTIONS = 200;

/** Starts the product's embedded PostgreSQL for a whole run. Each test file has its own database on it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'terse-tests-'));
  const server = await startEmbeddedPostgres({
    directory: join(directory, 'postgres'),
    buffersMb: 64,
    connections: CONNECTIONS,
    // Data survives a killed server, but no power cut, which no test on this server causes.
    settings: { fsync: 'off' },
  });
  const url = await createDatabase(server.url, MIGRATED, 'template0');
  await migrateDatabase(url);
  project.provide('testServer', server.url);
  return async () => {
    await server.stop();
    await rm(directory, { recursive: true });
  };
}

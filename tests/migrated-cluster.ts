import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '@terse/repository/migrate';
import { openPgliteInMemory } from '@terse/repository/pglite';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of a migrated database cluster, to be cloned by each test file that needs one. */
    migratedCluster: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'terse-tests-'));
  const file = join(directory, 'cluster.tar');
  const { db, dump, close } = await openPgliteInMemory();
  await migrate(db);
  await writeFile(file, Buffer.from(await (await dump()).arrayBuffer()));
  await close();
  project.provide('migratedCluster', file);
  return () => rm(directory, { recursive: true });
}

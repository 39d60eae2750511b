import { resolve } from 'node:path';
import { refuseUnusableFolder } from '@terse/files/make-directory';
import type { EmbeddedPostgres, EmbeddedPostgresEvent } from '@terse/embedded-postgres/embedded-postgres';
import type { FunctionName } from './config.ts';
import type { PartsContext } from './parts.ts';
import type { DatabaseConfig, PartsConfig } from './parts-config.ts';

/** Commands that may run beside the product, on the database that it runs. */
const BESIDE_THE_PRODUCT: ReadonlySet<FunctionName> = new Set(['keys', 'backup']);

/**
 * Finds what keeps the embedded database from its folder, and changes nothing; does nothing for another database.
 * @throws Error in one line when the folder holds something else, or cannot be made or written.
 */
export async function refuseDatabaseFolder({ database }: Pick<PartsConfig, 'database'>): Promise<void> {
  if (database.kind !== 'embedded') return;
  const { inspectFolder } = await import('@terse/embedded-postgres/folder');
  const directory = resolve(database.directory);
  inspectFolder(directory);
  refuseUnusableFolder(directory);
}

/**
 * Starts the embedded database of a function, or joins the one that the product runs.
 * @throws Error in one line when neither can be done.
 */
export async function startDatabase(
  { name, log }: Pick<PartsContext, 'name' | 'log'>,
  { directory, buffersMb, poolSize }: Extract<DatabaseConfig, { kind: 'embedded' }>,
): Promise<EmbeddedPostgres> {
  const { startEmbeddedPostgres, joinEmbeddedPostgres } =
    await import('@terse/embedded-postgres/embedded-postgres');
  const start = BESIDE_THE_PRODUCT.has(name) ? joinEmbeddedPostgres : startEmbeddedPostgres;
  return start({
    directory,
    buffersMb,
    connections: poolSize,
    onEvent: (event) => {
      report(event, log);
    },
  });
}

function report(event: EmbeddedPostgresEvent, log: PartsContext['log']): void {
  switch (event.kind) {
    case 'log':
      if (event.severity === 'LOG') log.debug({ text: event.text }, 'the embedded database logs');
      else log.error({ severity: event.severity, text: event.text }, 'the embedded database has a fault');
      return;
    case 'down':
      log.error({ reason: event.reason }, 'the embedded database is down, and is started again');
      return;
    case 'up again':
      log.warn('the embedded database is up again');
      return;
  }
}

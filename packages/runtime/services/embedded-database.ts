import { resolve } from 'node:path';
import type { FunctionManifest } from '@terse/platform/function-manifest';
import { refuseUnusableFolder } from '@terse/platform/make-directory';
import type { EmbeddedPostgres, EmbeddedPostgresEvent } from '@terse/embedded-postgres/embedded-postgres';
import type { DatabaseConfig, BackingServicesConfig } from '../settings/backing-services.ts';
import type { Logger } from '../telemetry/log.ts';

/**
 * Checks whether the embedded database can use its folder, and changes nothing. Does nothing for another database.
 * @throws Error in one line when the folder holds something else, or cannot be made or written.
 */
export async function refuseDatabaseFolder({
  database,
}: Pick<BackingServicesConfig, 'database'>): Promise<void> {
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
  { manifest, log }: { readonly manifest: FunctionManifest; readonly log: Logger },
  { directory, buffersMb, poolSize }: Extract<DatabaseConfig, { kind: 'embedded' }>,
): Promise<EmbeddedPostgres> {
  const { startEmbeddedPostgres, joinEmbeddedPostgres } =
    await import('@terse/embedded-postgres/embedded-postgres');
  const start = manifest.embedded === 'shared' ? joinEmbeddedPostgres : startEmbeddedPostgres;
  return start({
    directory,
    buffersMb,
    connections: poolSize,
    onEvent: (event) => {
      report(event, log);
    },
  });
}

function report(event: EmbeddedPostgresEvent, log: Logger): void {
  switch (event.kind) {
    case 'log':
      if (event.severity === 'LOG') log.debug({ text: event.text }, 'the embedded database logs');
      else log.error({ severity: event.severity, text: event.text }, 'the embedded database logs a fault');
      return;
    case 'down':
      log.error({ reason: event.reason }, 'the embedded database is down, and is started again');
      return;
    case 'up again':
      log.warn('the embedded database is up again');
      return;
  }
}

import { DomainError } from '@terse/core/errors';
import type { OpenDatabase } from '@terse/repository/open-database';
import { openDatabase, type ServicesContext } from './open-services.ts';
import type { BackingServicesConfig } from '../settings/backing-services.ts';

/**
 * Does the work of a command on the database. Outages are not logged, because a person reads the error.
 * @throws what `work` throws; for an outage, the error of `explainOutage`.
 */
export async function withDatabase<T>(
  context: ServicesContext,
  work: (database: OpenDatabase) => Promise<T>,
): Promise<T> {
  const database = await openDatabase(context, () => {});
  try {
    return await work(database);
  } catch (error) {
    throw await explainOutage(error, context.config);
  } finally {
    await database.close();
  }
}

/** For an outage, an error that names the setting or the folder to look at; any other error as it is. */
export async function explainOutage(
  error: unknown,
  { database }: Pick<BackingServicesConfig, 'database'>,
): Promise<unknown> {
  if (database.kind === 'embedded') {
    const { explainDamage } = await import('@terse/embedded-postgres/damage');
    return explainDamage(error, database.directory);
  }
  if (!(error instanceof DomainError && error.code === 'unavailable')) return error;
  return new Error('The database of DATABASE_URL cannot be used.', { cause: error.cause });
}

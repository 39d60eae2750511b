import { DomainError } from '@terse/core/errors';
import type { OpenDatabase } from '@terse/repository/open-database';
import { openDatabase, type ServicesContext } from './open-services.ts';
import type { BackingServicesConfig } from '../settings/backing-services.ts';

/**
 * Does the work of a command on the database. Outages are not logged: the error is what a person reads.
 * @throws what `work` throws; an outage as `explainOutage` says it.
 */
export async function withDatabase<T>(
  context: ServicesContext,
  work: (database: OpenDatabase) => Promise<T>,
): Promise<T> {
  const database = await openDatabase(context, () => {});
  try {
    return await work(database);
  } catch (error) {
    throw explainOutage(error, context.config);
  } finally {
    await database.close();
  }
}

/** An outage that ends the process, with the setting that may be wrong; any other error as it is. */
export function explainOutage(
  error: unknown,
  { database }: Pick<BackingServicesConfig, 'database'>,
): unknown {
  const isOutage = error instanceof DomainError && error.code === 'unavailable';
  if (!isOutage || database.kind === 'embedded') return error;
  return new Error('The database of DATABASE_URL cannot be used.', { cause: error.cause });
}

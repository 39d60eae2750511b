import { migrate } from '@terse/repository/migrate';
import type { OpenDatabase } from '@terse/repository/open-database';
import type { Context } from '../context.ts';
import { reportErrorsOf } from './service-errors.ts';
import { openDatabase } from './open-services.ts';
import { createSchemaProbe } from './schema-probe.ts';
import { explainOutage } from './with-database.ts';

/**
 * Opens the database of the single process, and brings the schema up to date. In production, on a database that others
 * may use, it leaves the schema, and the probe rejects until that is done. An outage until then is not logged, because
 * the error ends the start.
 * @throws Error in one line when the database cannot be used or migrated.
 */
export async function openStandaloneDatabase(context: Context): Promise<OpenDatabase> {
  const { config, log } = context;
  const isShared = config.isProduction && config.database.kind === 'postgres';
  // With a key that needs no database, redirects from the cache go on through an outage.
  let mayBeDown = isShared && config.adminApiKey !== undefined;
  const logOutage = reportErrorsOf('postgres', context);
  const database = await openDatabase(context, (error) => {
    if (mayBeDown) logOutage(error);
  });
  try {
    if (!isShared) {
      const applied = await migrate(database.db);
      if (applied.length > 0) log.info({ applied }, 'database migrated');
    } else if (!mayBeDown) await database.probe();
  } catch (error) {
    await database.close();
    throw await explainOutage(error, config);
  }
  mayBeDown = true;
  return isShared ? { ...database, probe: createSchemaProbe(database, log) } : database;
}

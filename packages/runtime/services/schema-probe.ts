import { missingMigration } from '@terse/repository/migrate';
import type { OpenDatabase } from '@terse/repository/open-database';
import type { Logger } from '../telemetry/log.ts';
import type { Probe } from '../telemetry/readiness.ts';

const MESSAGE = 'The database of DATABASE_URL lacks tables of this release. Make them with npm run migrate.';

/**
 * Rejects while the database does not answer, or lacks a migration of this release. It logs a missing migration once.
 *
 * | state    | a probe asks               | becomes                                   |
 * | -------- | -------------------------- | ----------------------------------------- |
 * | unknown  | for all migrations         | migrated, when none is missing            |
 * | migrated | whether the server answers | never changes: migrations only go forward |
 */
export function createSchemaProbe({ db, probe }: Pick<OpenDatabase, 'db' | 'probe'>, log: Logger): Probe {
  let isMigrated = false;
  let told: string | undefined;
  return async () => {
    if (isMigrated) return probe();
    const migration = await missingMigration(db);
    isMigrated = migration === undefined;
    if (isMigrated) return undefined;
    if (told !== migration) log.error({ migration }, MESSAGE);
    told = migration;
    throw new Error(MESSAGE);
  };
}

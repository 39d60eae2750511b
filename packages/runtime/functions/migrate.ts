import { ensureLogins } from '@terse/repository/logins';
import { migrate } from '@terse/repository/migrate';
import type { Context } from '../context.ts';
import { withDatabase } from '../services/with-database.ts';

/**
 * Brings the schema up to date, and the logins that the settings name.
 * @returns the names of the migrations that were applied.
 */
export async function migrateDatabase(context: Context): Promise<string[]> {
  return withDatabase(context, async ({ db }) => {
    const applied = await migrate(db);
    await ensureLogins(db, context.config.logins);
    return applied;
  });
}

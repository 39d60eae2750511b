import { ensureLogins } from '@terse/repository/logins';
import { migrate } from '@terse/repository/migrate';
import type { Context } from '../context.ts';
import { openDatabase } from '../parts.ts';

/**
 * Brings the schema up to date, and the logins that the settings name.
 * @returns the names of the migrations that were applied.
 */
export async function migrateDatabase(context: Context): Promise<string[]> {
  const database = await openDatabase(context);
  try {
    const applied = await migrate(database.db);
    await ensureLogins(database.db, context.config.logins);
    return applied;
  } finally {
    await database.close();
  }
}

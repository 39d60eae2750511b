import { migrate } from '@terse/repository/migrate';
import { openPostgres } from '@terse/repository/postgres';

/** Brings a database up to date, as the function `migrate` does. */
export async function migrateDatabase(url: string): Promise<void> {
  const { db, close } = openPostgres({ url, name: 'harness', poolSize: 1, statementTimeoutMs: 60_000 });
  try {
    await migrate(db);
  } finally {
    await close();
  }
}

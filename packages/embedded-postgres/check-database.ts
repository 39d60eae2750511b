import postgres from 'postgres';
import { connect } from './connect.ts';
import { notWhole } from './folder.ts';

const WRONG_PASSWORD = '28P01';

/**
 * Looks for the file of each table and index, because PostgreSQL notices a missing one only during a request.
 * @throws Error in one line when a file is missing, or when the password is that of another database.
 */
export async function checkDatabase(url: string, directory: string): Promise<void> {
  const sql = connect(url);
  try {
    const [lost] = await sql<{ name: string }[]>`
      select oid::regclass::text as name from pg_class
      where relkind in ('r', 'i', 't', 'S', 'm') and relpersistence = 'p'
        and (pg_stat_file(pg_relation_filepath(oid), true)).size is null
      limit 1
    `;
    if (lost) throw notWhole(directory, `the file of ${lost.name}`);
  } catch (error) {
    if (!(error instanceof postgres.PostgresError && error.code === WRONG_PASSWORD)) throw error;
    throw new Error(
      `The password in ${directory} is that of another database. Remove the file password, and start again.`,
      { cause: error },
    );
  } finally {
    await sql.end();
  }
}

import postgres from 'postgres';
import { notWhole } from './folder.ts';
import { connect } from './connect.ts';

const WRONG_PASSWORD = '28P01';

/**
 * Finds what PostgreSQL itself would find later, in the middle of a request: a file of a table that was not copied.
 * @throws Error in one line.
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
      `The password in ${directory} is not that of the database beside it. Remove the file password, and start again.`,
      { cause: error },
    );
  } finally {
    await sql.end();
  }
}

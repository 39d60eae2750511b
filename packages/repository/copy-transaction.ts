import type { Stream } from 'node:stream';
import { Kysely } from 'kysely';
import type postgres from 'postgres';
import type { CopyPurpose, CopyTransaction } from './open-database.ts';
import { createPostgresDialect, type PostgresDialectOptions } from './postgres-dialect.ts';
import type { Database } from './schema.ts';

type Options = Pick<PostgresDialectOptions, 'prepare' | 'onOutage' | 'statementTimeoutMs'>;

/** Runs `work` in a transaction on this connection, and closes the connection. */
export async function copyOn<T>(
  connection: postgres.Sql,
  options: Options,
  purpose: CopyPurpose,
  work: (transaction: CopyTransaction) => Promise<T>,
): Promise<T> {
  const dialect = createPostgresDialect({
    ...options,
    pool: () => connection,
    connect: () => connection,
    onStuck: () => {},
  });
  const transaction = new Kysely<Database>({ dialect }).transaction();
  const isolated =
    purpose === 'snapshot'
      ? transaction.setIsolationLevel('repeatable read').setAccessMode('read only')
      : transaction;
  let failure: { readonly error: unknown } | undefined;
  const copying = isolated.execute(async (db) => {
    try {
      return await work({
        db,
        read: async (statement) => heard(await connection.unsafe(statement).readable()),
        write: async (statement) => heard(await connection.unsafe(statement).writable()),
      });
    } catch (error) {
      failure = { error };
      throw error;
    }
  });
  return copying.catch((error: unknown) => {
    // An unfinished copy closes its connection. The rollback then fails too, but is not the cause.
    throw failure ? failure.error : error;
  });
}

/** A stream keeps its error for its next user. Without a listener, the error would end the process. */
function heard<S extends Stream>(stream: S): S {
  return stream.on('error', () => {});
}

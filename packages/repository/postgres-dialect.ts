import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely';
import postgres from 'postgres';
import { DomainError } from '@terse/core/errors';

export interface PostgresDialectOptions {
  /** The pool, on which every statement outside a transaction runs. */
  readonly pool: postgres.Sql;
  /** Opens a connection of its own for a transaction; it is ended with the transaction. */
  readonly connect: () => postgres.Sql;
  /** Called when a statement was not answered, or not served. */
  readonly onOutage: (error: unknown) => void;
}

/**
 * Kysely on the `postgres` driver. The dialect that exists reserves a connection for each statement, and one that the
 * server cut while it was reserved goes back into the pool dead. Here a statement goes to whichever connection the pool
 * has, and a transaction has a connection that nothing else uses.
 */
export function createPostgresDialect(options: PostgresDialectOptions): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createDriver: () => createDriver(options),
  };
}

interface Connection extends DatabaseConnection {
  transaction: postgres.Sql | undefined;
}

/**
 * Classes of SQLSTATE that say nothing about the statement: connection, a server that only reads, login, no such database,
 * resources, intervention by an operator (a stop of the server, a statement that took too long), system.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const OUTAGE_CLASSES = new Set(['08', '25', '28', '3D', '53', '57', '58']);

function createDriver({ pool, connect, onOutage }: PostgresDialectOptions): Driver {
  /** Tells an outage, which passes, from a statement that the server refuses. */
  function tellOutages(error: unknown): never {
    const refused = error instanceof postgres.PostgresError && !OUTAGE_CLASSES.has(error.code.slice(0, 2));
    if (refused) throw error;
    onOutage(error);
    throw new DomainError('unavailable', 'The database does not answer right now.', [], { cause: error });
  }

  function createConnection(): Connection {
    const connection: Connection = {
      transaction: undefined,
      executeQuery: async <R>(query: CompiledQuery): Promise<QueryResult<R>> => {
        // Kysely compiles parameters of any type, and the driver takes all that it gives.
        const parameters = query.parameters as postgres.ParameterOrJSON<never>[];
        const sql = connection.transaction ?? pool;
        const rows = await sql.unsafe(query.sql, parameters, { prepare: true }).catch(tellOutages);
        return { rows: [...rows] as R[], numAffectedRows: BigInt(rows.count ?? 0) };
      },
      streamQuery: () => {
        throw new Error('Streaming is not supported.');
      },
    };
    return connection;
  }

  async function finish(connection: Connection, statement: 'commit' | 'rollback'): Promise<void> {
    const { transaction } = connection;
    connection.transaction = undefined;
    try {
      await transaction?.unsafe(statement);
    } finally {
      await transaction?.end();
    }
  }

  // Every connection that is given out was made above.
  const own = (connection: DatabaseConnection) => connection as Connection;

  return {
    init: () => Promise.resolve(),
    acquireConnection: () => Promise.resolve(createConnection()),
    beginTransaction: async (connection, { isolationLevel }) => {
      own(connection).transaction = connect();
      const level = isolationLevel ? ` isolation level ${isolationLevel}` : '';
      await connection.executeQuery(CompiledQuery.raw(`begin${level}`));
    },
    commitTransaction: (connection) => finish(own(connection), 'commit'),
    rollbackTransaction: (connection) => finish(own(connection), 'rollback'),
    releaseConnection: () => Promise.resolve(),
    destroy: () => Promise.resolve(),
  };
}

import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  sql,
  type Transaction,
} from 'kysely';
import postgres from 'postgres';
import { DomainError } from '@terse/core/errors';
import { createStatementLimit } from './statement-limit.ts';

/** For cut connections that the driver still waits for. No statement is under way at close. */
export const CLOSE_TIMEOUT_SECONDS = 1;

/** The number that Kysely locks, so that an earlier release waits, too. */
const MIGRATION_LOCK = 3_853_314_791_062_309_107n;

export interface PostgresDialectOptions {
  /** The pool that runs every statement outside a transaction. */
  readonly pool: () => postgres.Sql;
  /** Opens a separate connection for a transaction, which ends with the transaction. */
  readonly connect: () => postgres.Sql;
  /** Called when the server did not answer a statement, or could not serve it. */
  readonly onOutage: (error: unknown) => void;
  /** Whether connections prepare statements. */
  readonly prepare: boolean;
  readonly statementTimeoutMs: number;
  /** Called when a connection of `sql` is dead. */
  readonly onStuck: (sql: postgres.Sql) => void;
}

/**
 * Kysely on the `postgres` driver. The published dialect reserves a connection for each statement, and a connection
 * that the server cuts meanwhile returns to the pool dead. Here the pool chooses the connection of a statement, and a
 * transaction has a connection that nothing else uses.
 */
export function createPostgresDialect(options: PostgresDialectOptions): Dialect {
  return {
    createAdapter: () => new LockingAdapter(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createDriver: () => createDriver(options),
  };
}

/**
 * Takes Kysely's migration lock for the transaction, because a pooler may run the next statement in another session.
 */
class LockingAdapter extends PostgresAdapter {
  override async acquireMigrationLock<T>(db: Kysely<T>): Promise<void> {
    await sql`select pg_advisory_xact_lock(${sql.lit(MIGRATION_LOCK)})`.execute(db);
  }

  override releaseMigrationLock(): Promise<void> {
    return Promise.resolve();
  }
}

/** Holds off migrations until the transaction ends. Waits for a running one. */
export async function shareMigrationLock<T>(transaction: Transaction<T>): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(${sql.lit(MIGRATION_LOCK)})`.execute(transaction);
}

interface Connection extends DatabaseConnection {
  transaction: postgres.Sql | undefined;
}

/**
 * Classes of SQLSTATE that say nothing about the statement: connection, read-only server, login, no such database,
 * resources, intervention by an operator (a stopping server, a statement that took too long), system.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const OUTAGE_CLASSES = new Set(['08', '25', '28', '3D', '53', '57', '58']);

const STATEMENT_NOT_PREPARED = '26000';
const KEEPS_NONE = 'A pooler before the database keeps no prepared statements: set DATABASE_PREPARE=off.';

function createDriver(options: PostgresDialectOptions): Driver {
  const { pool, connect, prepare, statementTimeoutMs, onOutage, onStuck } = options;
  const run = createStatementLimit(statementTimeoutMs);
  const bounds = `set local statement_timeout = ${statementTimeoutMs};
    set local idle_in_transaction_session_timeout = ${statementTimeoutMs}`;

  /** Turns an outage into `unavailable`; passes on other refusals of the server. */
  function tellOutages(error: unknown): never {
    const isAnswer = error instanceof postgres.PostgresError && !OUTAGE_CLASSES.has(error.code.slice(0, 2));
    const isForgotten = isAnswer && error.code === STATEMENT_NOT_PREPARED;
    if (isAnswer && !isForgotten) throw error;
    const cause = isForgotten ? new Error(KEEPS_NONE, { cause: error }) : error;
    onOutage(cause);
    throw new DomainError('unavailable', 'The database does not answer right now.', [], { cause });
  }

  function createConnection(): Connection {
    const connection: Connection = {
      transaction: undefined,
      executeQuery: async <R>(query: CompiledQuery): Promise<QueryResult<R>> => {
        // Kysely compiles parameters of any type, and the driver takes all that it gives.
        const parameters = query.parameters as postgres.ParameterOrJSON<never>[];
        const session = connection.transaction ?? pool();
        const statement = session.unsafe(query.sql, parameters, { prepare });
        const rows = await run(statement, () => onStuck(session)).catch(tellOutages);
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
      if (transaction) await run(transaction.unsafe(statement), () => onStuck(transaction));
    } finally {
      await transaction?.end({ timeout: CLOSE_TIMEOUT_SECONDS });
    }
  }

  // `createConnection` makes every connection.
  const own = (connection: DatabaseConnection) => connection as Connection;

  return {
    init: () => Promise.resolve(),
    acquireConnection: () => Promise.resolve(createConnection()),
    beginTransaction: async (connection, { isolationLevel, accessMode = '' }) => {
      own(connection).transaction = connect();
      const level = isolationLevel ? ` isolation level ${isolationLevel}` : '';
      // Bounds for this transaction only, which poolers allow.
      await connection.executeQuery(CompiledQuery.raw(`begin${level} ${accessMode}; ${bounds}`));
    },
    commitTransaction: (connection) => finish(own(connection), 'commit'),
    rollbackTransaction: (connection) => finish(own(connection), 'rollback'),
    releaseConnection: () => Promise.resolve(),
    destroy: () => Promise.resolve(),
  };
}

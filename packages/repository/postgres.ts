import { Kysely, sql } from 'kysely';
import { PostgresJSDialect } from 'kysely-postgres-js';
import postgres from 'postgres';
import type { OpenDatabase } from './open-database.ts';
import type { Database } from './schema.ts';

export interface PostgresOptions {
  /** `postgres://…`; `sslmode` in it is honoured. */
  readonly url: string;
  /** Shown by the server beside each connection. */
  readonly name: string;
  readonly poolSize: number;
  /** How long the server may work on one statement. */
  readonly statementTimeoutMs: number;
}

const CONNECT_TIMEOUT_SECONDS = 5;
const CLOSE_TIMEOUT_SECONDS = 5;
/** Connections are made anew after a while, so that they spread over replicas that came later. */
const MAX_LIFETIME_SECONDS = 30 * 60;

/** A PostgreSQL server, 15 or later. Connections are made when they are needed, and again after a failure. */
export function openPostgres(options: PostgresOptions): OpenDatabase {
  const connections = postgres(options.url, {
    max: options.poolSize,
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    max_lifetime: MAX_LIFETIME_SECONDS,
    connection: {
      application_name: options.name,
      statement_timeout: options.statementTimeoutMs,
      idle_in_transaction_session_timeout: options.statementTimeoutMs,
      TimeZone: 'UTC',
    },
    types: {
      // Counts fit a number up to 2^53; the driver would give text.
      bigint: {
        to: 20,
        from: [20],
        serialize: String,
        parse: Number,
      },
    },
    onnotice: () => {},
  });
  const db = new Kysely<Database>({ dialect: new PostgresJSDialect({ postgres: connections }) });
  return {
    db,
    probe: () => sql`select 1`.execute(db),
    close: () => connections.end({ timeout: CLOSE_TIMEOUT_SECONDS }),
  };
}

import { Kysely, sql } from 'kysely';
import postgres from 'postgres';
import type { OpenDatabase } from './open-database.ts';
import { createPostgresDialect } from './postgres-dialect.ts';
import type { Database } from './schema.ts';
import { parseTimestamp } from './timestamp-text.ts';

export interface PostgresOptions {
  /** `postgres://…`; `sslmode` in it is honoured. */
  readonly url: string;
  /** Shown by the server beside each connection. */
  readonly name: string;
  readonly poolSize: number;
  /** How long the server may work on one statement. */
  readonly statementTimeoutMs: number;
  /** Called when the server did not answer a statement, or could not serve it. */
  readonly onError?: (error: unknown) => void;
}

const CONNECT_TIMEOUT_SECONDS = 5;
/** Nothing is under way any more: this is for connections that the driver waits for though they were cut. */
const CLOSE_TIMEOUT_SECONDS = 1;
/** Connections are made anew after a while, so that they spread over replicas that came later. */
const MAX_LIFETIME_SECONDS = 30 * 60;

/** A PostgreSQL server, 15 or later. Connections are made when they are needed, and again after a failure. */
export function openPostgres(options: PostgresOptions): OpenDatabase {
  const settings = {
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    max_lifetime: MAX_LIFETIME_SECONDS,
    connection: {
      application_name: options.name,
      statement_timeout: options.statementTimeoutMs,
      idle_in_transaction_session_timeout: options.statementTimeoutMs,
      TimeZone: 'UTC',
    },
    // Counts fit a number up to 2^53; the driver would give text.
    types: {
      bigint: { to: 20, from: [20], serialize: String, parse: Number },
      timestamp: {
        to: 1184,
        from: [1184],
        serialize: (instant: Date | string) =>
          typeof instant === 'string' ? instant : instant.toISOString(),
        parse: parseTimestamp,
      },
    },
    onnotice: () => {},
  };
  const pool = postgres(options.url, { ...settings, max: options.poolSize });
  const connect = () => postgres(options.url, { ...settings, max: 1 });
  const db = new Kysely<Database>({
    dialect: createPostgresDialect({ pool, connect, onOutage: options.onError ?? (() => {}) }),
  });
  return {
    db,
    probe: () => sql`select 1`.execute(db),
    close: () => pool.end({ timeout: CLOSE_TIMEOUT_SECONDS }),
  };
}

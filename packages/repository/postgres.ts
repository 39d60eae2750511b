import { type Backoff, backoffMs } from '@terse/platform/backoff';
import { Kysely, sql } from 'kysely';
import postgres from 'postgres';
import { copyOn } from './copy-transaction.ts';
import type { OpenDatabase } from './open-database.ts';
import { CLOSE_TIMEOUT_SECONDS, createPostgresDialect } from './postgres-dialect.ts';
import type { Database } from './schema.ts';
import { parseTimestamp } from './timestamp-text.ts';

export interface PostgresOptions {
  /**
   * `postgres://…`. It may have `sslmode`, and a `host` that is the path of a folder, for the local socket in it:
   * https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-CONNSTRING-URIS.
   */
  readonly url: string;
  /** Shown by the server beside each connection. */
  readonly name: string;
  readonly poolSize: number;
  /** How long one statement may take. */
  readonly statementTimeoutMs: number;
  /** Called when the server did not answer a statement, or could not serve it. */
  readonly onError?: (error: unknown) => void;
  /** Whether statements are prepared. `false` for a pooler in transaction mode that keeps no prepared statements. */
  readonly prepare?: boolean;
}

const CONNECT_TIMEOUT_SECONDS = 5;
/** Connections are replaced after this time, so that they spread over replicas that were added later. */
const MAX_LIFETIME_SECONDS = 30 * 60;

/** With the driver's default of 20 seconds, statements would wait so long after the server is back. */
const RECONNECT: Backoff = { firstMs: 20, maxMs: 500 };

/** A PostgreSQL server, 15 or later. Connections are made when they are needed, and again after a failure. */
export function openPostgres({ prepare = true, ...options }: PostgresOptions): OpenDatabase {
  const settings = {
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    max_lifetime: MAX_LIFETIME_SECONDS,
    backoff: (failures: number) => backoffMs(failures, RECONNECT) / 1000,
    prepare,
    // No others: RDS Proxy, PgBouncer and Neon's pooler refuse a connection for `statement_timeout`.
    connection: { application_name: options.name, TimeZone: 'UTC' },
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
  const { url, path } = addressOf(options.url);
  const open = (more: { max: number; max_lifetime?: null }) =>
    postgres(url, { ...settings, ...(path !== undefined && { path }), ...more });
  const openPool = () => open({ max: options.poolSize });
  // A connection for one transaction, of any length.
  const connect = () => open({ max: 1, max_lifetime: null });
  let pool = openPool();
  const common = {
    prepare,
    onOutage: options.onError ?? (() => {}),
    statementTimeoutMs: options.statementTimeoutMs,
  };
  const dialect = createPostgresDialect({
    ...common,
    pool: () => pool,
    connect,
    // The driver keeps a dead connection until TCP gives up, after a quarter of an hour. A new pool has none.
    onStuck: (stuck) => {
      if (stuck === pool) pool = openPool();
      void stuck.end({ timeout: CLOSE_TIMEOUT_SECONDS });
    },
  });
  const db = new Kysely<Database>({ dialect });
  return {
    db,
    probe: () => sql`select 1`.execute(db),
    copy: (purpose, work) => copyOn(connect(), common, purpose, work),
    close: () => pool.end({ timeout: CLOSE_TIMEOUT_SECONDS }),
  };
}

/** The options of the driver. It would send a `host` in the URL to the server. */
function addressOf(text: string): { readonly url: string; readonly path: string | undefined } {
  const url = new URL(text);
  const folder = url.searchParams.get('host');
  if (folder === null) return { url: text, path: undefined };
  url.searchParams.delete('host');
  return { url: url.href, path: `${folder}/.s.PGSQL.${url.port || '5432'}` };
}

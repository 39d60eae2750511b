import { join } from 'node:path';
import type postgres from 'postgres';
import { onFreePorts } from '../processes/free-ports.ts';
import { withSql } from './connections.ts';
import { programDirectory } from './debian-packages.ts';
import { asServer, createProgram, makeDirectory, writeSettings } from './program.ts';
import type { RunningServer } from './running-server.ts';

const PROBE_SECONDS = 2;

/**
 * Starts PgBouncer in transaction mode: any statement may get any connection. It accepts every login and database of
 * the server without a password. `TEST_PGBOUNCER` names another program than Debian's.
 * @param directory for its settings; created when absent.
 */
export async function startPgbouncer({
  directory,
  serverUrl,
}: {
  directory: string;
  serverUrl: string;
}): Promise<RunningServer> {
  const program = process.env['TEST_PGBOUNCER'] ?? join(await programDirectory('pgbouncer'), 'pgbouncer');
  makeDirectory(directory);
  const server = new URL(serverUrl);
  const user = decodeURIComponent(server.username);
  const quoted = (text: string) => `"${decodeURIComponent(text).replaceAll('"', '""')}"`;
  const users = join(directory, 'users');
  writeSettings(users, `${quoted(server.username)} ${quoted(server.password)}\n`);
  return onFreePorts(1, async ([port = 0]) => {
    const url = Object.assign(new URL(serverUrl), { host: `127.0.0.1:${port}` }).href;
    const settings = join(directory, 'pgbouncer.ini');
    writeSettings(
      settings,
      `[databases]
* = host=${server.hostname} port=${server.port || 5432} auth_user=${user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
pool_mode = transaction
auth_type = trust
auth_file = ${users}
auth_query = select usename, passwd from pg_shadow where usename = $1
admin_users = ${user}
`,
    );
    const bouncer = createProgram({
      name: 'PgBouncer',
      command: program,
      args: [settings],
      directory,
      // SIGTERM closes at once; SIGINT would wait for clients.
      stopSignal: 'SIGTERM',
      isReady: () => serves(url, settings),
    });
    await bouncer.start();
    return asServer(bouncer, url, port);
  });
}

/** Asks the console for its settings file, because another process may own the port. */
async function serves(url: string, settings: string): Promise<boolean> {
  const address = Object.assign(new URL(url), { pathname: '/pgbouncer' }).href;
  const show = (sql: postgres.Sql) => sql.unsafe<{ key: string; value: string }[]>('show config');
  try {
    const rows = await withSql(address, show, {
      prepare: false,
      fetch_types: false,
      connect_timeout: PROBE_SECONDS,
    });
    return rows.some(({ key, value }) => key === 'conffile' && value === settings);
  } catch {
    return false;
  }
}

import { join } from 'node:path';
import type postgres from 'postgres';
import { onFreePorts } from '../processes/free-ports.ts';
import { withSql } from './connections.ts';
import { programDirectory } from './debian-packages.ts';
import { asServer, createProgram, makeDirectory, run } from './program.ts';
import type { RunningServer } from './running-server.ts';

const PROBE_SECONDS = 2;
const ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC' };

export interface PostgresServer extends RunningServer {
  /** Creates an empty database of this name, replaces an existing one, and returns its URL. */
  createDatabase(name: string): Promise<string>;
}

/**
 * Starts PostgreSQL with the superuser `postgres`, who needs no password. Its URL names the database `postgres`.
 * @param directory for its data; created when absent.
 */
export async function startPostgres({ directory }: { directory: string }): Promise<PostgresServer> {
  const programs = await programDirectory('postgresql');
  const data = join(directory, 'data');
  makeDirectory(directory);
  await run({
    command: join(programs, 'initdb'),
    args: ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    directory,
    environment: ENVIRONMENT,
  });
  return onFreePorts(1, async ([port = 0]) => {
    const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
    const settings = {
      port,
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      // Data survives a killed server, but no power cut, which no test causes.
      fsync: 'off',
    };
    const server = createProgram({
      name: 'PostgreSQL',
      command: join(programs, 'postgres'),
      args: ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      directory,
      environment: ENVIRONMENT,
      // The "fast" shutdown disconnects clients; SIGTERM would wait for them.
      stopSignal: 'SIGINT',
      isReady: () => serves(url, data),
    });
    await server.start();
    return Object.assign(asServer(server, url, port), {
      createDatabase: (name: string) => createDatabase(url, name),
    });
  });
}

/**
 * Creates an empty database of this name on a server and replaces an existing one.
 * @returns its URL.
 */
export async function createDatabase(serverUrl: string, name: string): Promise<string> {
  await withSql(serverUrl, async (sql) => {
    await sql`drop database if exists ${sql(name)} with (force)`;
    await sql`create database ${sql(name)} template template0`;
  });
  const url = new URL(serverUrl);
  url.pathname = name;
  return url.href;
}

async function serves(url: string, data: string): Promise<boolean> {
  try {
    const show = (sql: postgres.Sql) => sql<{ data_directory: string }[]>`show data_directory`;
    const [row] = await withSql(url, show, { connect_timeout: PROBE_SECONDS });
    return row?.data_directory === data;
  } catch {
    return false;
  }
}

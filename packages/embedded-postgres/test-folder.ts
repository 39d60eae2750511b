import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { connect } from './connect.ts';
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresEvent,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from './embedded-postgres.ts';
import { clusterIn } from './folder.ts';

export const SMALL = { buffersMb: 16, connections: 5 } as const;

/** A new folder, which is removed after the test. */
export function openTestFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'terse-postgres-'));
  // Under root, PostgreSQL passes through as another user.
  chmodSync(folder, 0o711);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Reads the table of `useMadeDatabase`, which has the rows below. */
export const NOTES = 'select number from notes';
export const WRITTEN = [{ number: 1 }];

/** For `vi.waitFor`. */
export const soon = { timeout: 20_000, interval: 20 };

/**
 * Makes a database with one row for the tests of a file.
 * @returns a function that copies it, stopped, for a test.
 */
export function useMadeDatabase(): () => string {
  let folder: string;
  const made = () => join(folder, 'postgres');
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'terse-postgres-'));
    const { url, stop } = await startEmbeddedPostgres({ directory: made(), ...SMALL });
    await query(url, 'create table notes as select 1 as number');
    await stop();
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  return () => {
    const directory = join(openTestFolder(), 'postgres');
    cpSync(made(), directory, { recursive: true, preserveTimestamps: true });
    return directory;
  };
}

export interface TestServer extends EmbeddedPostgres {
  readonly events: readonly EmbeddedPostgresEvent[];
}

/** Starts a server that is stopped after the test. */
export async function startTestServer(
  directory: string,
  options: Partial<EmbeddedPostgresOptions> = {},
): Promise<TestServer> {
  const events: EmbeddedPostgresEvent[] = [];
  const onEvent = (event: EmbeddedPostgresEvent) => events.push(event);
  const server = await startEmbeddedPostgres({ directory, ...SMALL, onEvent, ...options });
  onTestFinished(server.stop);
  return { ...server, events };
}

/** Runs SQL on a new connection. */
export async function query(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const connection = connect(url);
  try {
    return await connection.unsafe(sql);
  } finally {
    await connection.end();
  }
}

/** The first process of the server that runs on a folder. */
export function postmasterOf(directory: string): number {
  return Number(readFileSync(join(clusterIn(directory), 'postmaster.pid'), 'utf8').split('\n', 1)[0]);
}

export interface Elsewhere {
  readonly pid: number;
  /** `ready`, or why the server is not. */
  readonly said: string;
  kill(signal: NodeJS.Signals): Promise<void>;
}

/**
 * Starts a server on the folder in another process, and waits until it is ready or has failed.
 * @param by a program before it, such as `setpriv`, with its arguments.
 */
export async function startElsewhere(directory: string, by: readonly string[] = []): Promise<Elsewhere> {
  const module = new URL('./embedded-postgres.ts', import.meta.url).href;
  const script = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(module)});
    const options = { directory: ${JSON.stringify(directory)}, ...${JSON.stringify(SMALL)} };
    const server = await startEmbeddedPostgres(options).catch(({ message }) => ({ message }));
    process.stdout.write(server.message ?? 'ready');
    if (!server.message) setInterval(() => {}, 1000);
  `;
  const [program, ...args] = [...by, process.execPath, '--input-type=module', '-e', script];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const kill = (signal: NodeJS.Signals) => killAndWait(child, signal);
  onTestFinished(() => kill('SIGKILL'));
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  return { pid: child.pid ?? 0, said: said.toString(), kill };
}

async function killAndWait(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

export function withPassword(url: string, password: string): string {
  const changed = new URL(url);
  changed.password = password;
  return changed.href;
}

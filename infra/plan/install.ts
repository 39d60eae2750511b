import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const INFRA = join(import.meta.dirname, '..');
const ROOT = join(INFRA, '..');
const MODULES = join(INFRA, 'node_modules');
/**
 * The folder where SST puts its sources for checks and tests. Not the root, where a deployment puts its own, with
 * packages that it installs itself.
 */
const PLATFORM = join(INFRA, '.platform');

/** Prevents the downloads of a deployment, and telemetry. */
const OFFLINE = { SST_SKIP_DEPENDENCY_CHECK: '1', SST_TELEMETRY_DISABLED: '1', SST_BUN_PATH: '/bin/true' };

/** Installs the packages of package-lock.json and the providers of sst.config.ts, unless they are installed. */
function install(): void {
  once(MODULES, ['infra/package-lock.json'], () => {
    run('npm', ['ci', '--prefix', INFRA, '--ignore-scripts', '--no-audit', '--no-fund'], ROOT);
  });
  once(PLATFORM, ['infra/package-lock.json', 'sst.config.ts'], () => {
    rmSync(PLATFORM, { recursive: true, force: true });
    mkdirSync(PLATFORM);
    // SST refuses a configuration that imports another one, so this is a copy, one folder deeper.
    const config = readFileSync(join(ROOT, 'sst.config.ts'), 'utf8').replaceAll(`'./infra/`, `'../`);
    writeFileSync(join(PLATFORM, 'sst.config.ts'), config);
    run(join(MODULES, '.bin/sst'), ['install', '--stage', 'check'], PLATFORM);
  });
}

/** Does the work unless it was done for the current content of these files. */
function once(directory: string, files: readonly string[], work: () => void): void {
  const stamp = join(directory, '.installed-for');
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(join(ROOT, file)));
  const wanted = hash.digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  work();
  writeFileSync(stamp, wanted);
}

function run(command: string, args: readonly string[], cwd: string): void {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd,
    // eslint-disable-next-line node/no-process-env -- the program finds its tools in PATH
    env: { ...process.env, ...OFFLINE },
    encoding: 'utf8',
  });
  if (status === 0) return;
  throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
}

install();

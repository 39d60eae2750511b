import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MANIFESTS } from '../functions/manifests.ts';
import type { DeployedFunction } from '../harness/deployment/deployment.ts';

export const FUNCTIONS: readonly DeployedFunction[] = MANIFESTS.migrate.makesLoginsOf.map(({ name }) => name);
const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The bundle folder of a function, as in its image. */
export function folderOf(name: DeployedFunction): string {
  return join(ROOT, 'dist', name);
}

/** Bundles each function as for production. */
export async function bundleFunctions(): Promise<void> {
  await promisify(execFile)(process.execPath, ['infra/bundle/main.ts', ...FUNCTIONS], { cwd: ROOT });
}

import { execFileSync } from 'node:child_process';

/** Bundles the configuration once, for every plan that the tests ask for. */
export default function setup(): void {
  for (const script of ['install', 'bundle']) {
    execFileSync(process.execPath, [`infra/plan/${script}.ts`], { stdio: ['ignore', 'inherit', 'inherit'] });
  }
}

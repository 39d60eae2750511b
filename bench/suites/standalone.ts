import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inFolder } from '../product.ts';
import type { Bench, Finding, Suite } from '../suite.ts';
import { type Checkouts, inTurn } from './standalone/checkouts.ts';
import { measureWithinLimit } from './standalone/limit.ts';
import { measureRates } from './standalone/rates.ts';
import { measureStarts } from './standalone/starts.ts';
import { findingsOfUse } from './standalone/use-findings.ts';
import { observeUse } from './standalone/use.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Measures the product as `npm start` runs it, on all cores, in turn with that of another checkout. */
export const standalone: Suite = {
  name: 'standalone',
  run: (bench) =>
    inFolder(async (directory) => {
      const node = join(directory, 'node');
      await cp(process.execPath, node);
      const { before } = bench;
      return measure(
        { ...bench, cores: bench.cores.unpinned },
        {
          now: { root: ROOT, node },
          before: before === undefined ? undefined : { root: before, node },
        },
      );
    }),
};

async function measure(bench: Bench, checkouts: Checkouts): Promise<readonly Finding[]> {
  const { pairs, report } = bench;
  report('  starts');
  const starts = await measureStarts(bench, checkouts);
  report('  memory, and the API at full rate');
  const use = findingsOfUse(await inTurn(pairs, checkouts, (checkout) => observeUse(checkout, bench)));
  report('  a memory limit');
  const limit = await measureWithinLimit(bench, checkouts);
  report('  redirects');
  return [...starts, ...use, ...limit, ...(await measureRates(bench, checkouts))];
}

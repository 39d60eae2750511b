import { load, warmUp } from '../../load/load.ts';
import { openMemoryLimit } from '../../machine/memory-limit.ts';
import { type Checkout, inFolder, startProduct } from '../../product.ts';
import type { Bench, Finding } from '../../suite.ts';
import { beside, type Checkouts, inTurn } from './checkouts.ts';
import { visitorsOf } from './visitors.ts';

const LIMIT_MB = 384;

/** Checks that the product starts and serves visitors under a memory limit of the kernel. */
export async function measureWithinLimit(
  bench: Pick<Bench, 'cores' | 'secondsPerRun'>,
  checkouts: Checkouts,
): Promise<Finding[]> {
  const what = `runs within ${LIMIT_MB} MB`;
  const size = 'fresh folder, full rate, existing folder';
  const outcomes = await inTurn(1, checkouts, (checkout) => tryWithinLimit(checkout, bench));
  if (outcomes.now.includes(undefined)) return [{ what, size, measured: 'not measured: no control groups' }];
  return [
    {
      what,
      size,
      goal: 'yes',
      measured: beside(outcomes, (values) => values.join('')),
      met: outcomes.now.every((outcome) => outcome === 'yes'),
    },
  ];
}

/** @returns `yes`, or the step at which it was killed; `undefined` where memory cannot be limited. */
async function tryWithinLimit(
  checkout: Checkout,
  { cores, secondsPerRun }: Pick<Bench, 'cores' | 'secondsPerRun'>,
): Promise<string | undefined> {
  const limit = openMemoryLimit(LIMIT_MB);
  if (!limit) return undefined;
  let step = 'fresh folder';
  try {
    await inFolder(async (directory) => {
      const options = { cores, directory, within: limit.within };
      const first = await startProduct(checkout, options);
      step = 'full rate';
      const visitors = await visitorsOf(first, cores);
      await warmUp(visitors);
      await load({ ...visitors, seconds: secondsPerRun });
      await first.end('SIGTERM');
      step = 'existing folder';
      const second = await startProduct(checkout, options);
      await second.end('SIGTERM');
    });
    return limit.killed() === 0 ? 'yes' : `${limit.killed()} processes killed`;
  } catch (error) {
    if (limit.killed() === 0) throw error;
    return `killed: ${step}`;
  } finally {
    await limit.close();
  }
}

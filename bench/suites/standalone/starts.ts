import { cpuSeconds } from '../../machine/usage.ts';
import { inFolder, LINK, startProduct } from '../../product.ts';
import { number, withSpread } from '../../report.ts';
import { median, spread } from '../../statistics.ts';
import type { Bench, Finding } from '../../suite.ts';
import { beside, type Checkouts, inTurn } from './checkouts.ts';

const STARTS = 9;
const MAX_FRESH_SECONDS = 2;
const MAX_EXISTING_SECONDS = 1;

interface Start {
  readonly fresh: number;
  readonly existing: number;
  readonly stop: number;
  /** CPU seconds of all processes until it was ready, which a busy machine changes less. */
  readonly freshCpu: number;
  readonly existingCpu: number;
}

/** Measures the seconds until the product is ready on a fresh folder and on the same again, and until it stops. */
export async function measureStarts(
  { cores }: Pick<Bench, 'cores'>,
  checkouts: Checkouts,
): Promise<Finding[]> {
  const starts = await inTurn(STARTS, checkouts, (checkout) =>
    inFolder(async (directory): Promise<Start> => {
      const first = await startProduct(checkout, { cores, directory });
      const freshCpu = cpuSeconds(first.pid);
      await first.call('POST', '/api/v1/links', { original_url: 'https://example.com/', short_code: LINK });
      await first.end('SIGTERM');
      const second = await startProduct(checkout, { cores, directory });
      const existingCpu = cpuSeconds(second.pid);
      const begin = performance.now();
      await second.end('SIGTERM');
      const stop = (performance.now() - begin) / 1000;
      return { fresh: first.upMs / 1000, existing: second.upMs / 1000, stop, freshCpu, existingCpu };
    }),
  );
  const throughNpm = await inTurn(1, checkouts, (checkout) =>
    inFolder(async (directory) => {
      const product = await startProduct(checkout, { cores, directory, by: 'npm' });
      await product.end('SIGTERM');
      return product.upMs / 1000;
    }),
  );

  const line = (name: keyof Start) =>
    beside(starts, (values) => withSpread(spread(values.map((start) => start[name]))));
  const middle = (name: keyof Start) => median(starts.now.map((start) => start[name]));
  const size = `${STARTS} starts`;
  return [
    {
      what: 'ready on a fresh folder, s',
      size,
      goal: `≤ ${MAX_FRESH_SECONDS}`,
      measured: line('fresh'),
      met: middle('fresh') <= MAX_FRESH_SECONDS,
    },
    {
      what: 'ready on an existing folder, s',
      size,
      goal: `≤ ${MAX_EXISTING_SECONDS}`,
      measured: line('existing'),
      met: middle('existing') <= MAX_EXISTING_SECONDS,
    },
    {
      what: 'ready on a fresh folder through npm start, s',
      size: '1 start',
      measured: beside(throughNpm, (values) => number(median(values))),
    },
    {
      what: 'CPU until ready on a fresh folder, on an existing one, s',
      size,
      measured: beside(starts, (values) =>
        (['freshCpu', 'existingCpu'] as const)
          .map((name) => number(median(values.map((start) => start[name]))))
          .join(', '),
      ),
    },
    { what: 'stopped after SIGTERM, s', size: `${STARTS} stops`, measured: line('stop') },
  ];
}

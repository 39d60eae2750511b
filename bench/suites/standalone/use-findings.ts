import type { TreeMemory } from '../../machine/process-memory.ts';
import { count, number, withSpread } from '../../report.ts';
import { median, quantile, spread } from '../../statistics.ts';
import type { Finding } from '../../suite.ts';
import { beside, type Compared } from './checkouts.ts';
import { CALLS, type Use } from './use.ts';

const MAX_PEAK_MB = 300;
const MAX_REST_MB = 200;

const MOMENTS = [
  { of: 'start', what: 'highest at start', size: 'fresh folder', maxMb: MAX_PEAK_MB },
  { of: 'restAfterStart', what: 'at rest', size: '10 s after the start', maxMb: MAX_REST_MB },
  { of: 'load', what: 'highest at full rate', size: 'with calls of the API', maxMb: MAX_PEAK_MB },
  { of: 'restAfterLoad', what: 'at rest', size: '10 s after full rate', maxMb: MAX_REST_MB },
] as const;

/** Returns the memory of a product and the latency of its API as lines of the table. */
export function findingsOfUse(uses: Compared<Use>): Finding[] {
  return [...MOMENTS.flatMap((moment) => findingsOfMemory(uses, moment)), ...findingsOfCalls(uses)];
}

function findingsOfMemory(
  uses: Compared<Use>,
  { of, what, size, maxMb }: (typeof MOMENTS)[number],
): Finding[] {
  const totals = (values: readonly Use[]) => spread(values.map((use) => use[of].totalMb));
  return [
    {
      what: `memory of all processes ${what}, MB`,
      size,
      goal: `≤ ${maxMb}`,
      measured: beside(uses, (values) => withSpread(totals(values))),
      met: totals(uses.now).median <= maxMb,
    },
    {
      what: 'of these',
      size,
      measured: beside(uses, (values) => kindsOf(values[0]?.[of])),
    },
  ];
}

function kindsOf(memory: TreeMemory | undefined): string {
  return [...(memory?.kinds ?? [])]
    .toSorted(([, a], [, b]) => b.mb - a.mb)
    .map(([name, { count: times, mb }]) => `${times === 1 ? '' : `${times} `}${name} ${number(mb)}`)
    .join(', ');
}

function findingsOfCalls(uses: Compared<Use>): Finding[] {
  const shares = (values: readonly number[]) =>
    values.length === 0
      ? 'none was answered'
      : `${number(quantile(values, 0.5))} / ${number(quantile(values, 0.99))} of ${count(values.length)}`;
  const size = 'at full rate';
  return [
    ...CALLS.map((call) => ({
      what: `${call}, p50 / p99 ms`,
      size,
      measured: beside(uses, (values) => shares(values.flatMap(({ calls }) => calls.ms[call]))),
    })),
    {
      what: 'calls of the API turned away',
      size,
      measured: beside(uses, (values) => count(values.reduce((sum, { calls }) => sum + calls.turnedAway, 0))),
    },
    {
      what: 'redirects/s meanwhile',
      size,
      measured: beside(uses, (values) => number(median(values.map(({ perSecond }) => perSecond)))),
    },
  ];
}

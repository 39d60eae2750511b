import { alternate, pairOf } from '../alternate.ts';
import { seedLinks } from '../data/seed.ts';
import { createVisits } from '../data/visits.ts';
import { count, number, withSpread } from '../report.ts';
import { median, ratio, spread } from '../statistics.ts';
import type { Suite } from '../suite.ts';
import { measureHotRate } from './redirect-hot.ts';
import { measureBareCopy } from './writer/bare-copy.ts';
import { checkRollups, measureMerging } from './writer/rollups.ts';
import { measureWriting } from './writer/writing.ts';

const LINKS = 10_000;

export const writer: Suite = {
  name: 'writer',
  run: async (bench) => {
    const hotPerSecond = bench.shared.hotPerSecond ?? (await measureHotRate(bench));
    const visitsPerRun = bench.full ? 1_000_000 : 100_000;
    const deployment = await bench.openDeployment();
    await seedLinks(deployment.sql, LINKS);
    let stored = 0;
    const measured = await alternate(
      bench.pairs,
      async () => {
        const outcome = await measureWriting(deployment, createVisits(visitsPerRun, LINKS), stored);
        stored += visitsPerRun;
        const merging = await measureMerging(deployment, visitsPerRun);
        await checkRollups(deployment, stored);
        return { ...outcome, merging };
      },
      () => measureBareCopy(deployment, createVisits(visitsPerRun, LINKS)),
    );
    const subjects = measured.map(({ subject }) => subject);
    const rate = spread(subjects.map((each) => each.perSecond));
    const toCopy = ratio(measured.map(pairOf('perSecond')));
    const size = `${count(visitsPerRun)} visits of ${count(LINKS)} links`;
    return [
      {
        what: 'visits/s ÷ bare COPY',
        size,
        goal: '≥ 0.5',
        measured: withSpread(toCopy),
        met: toCopy.median >= 0.5,
      },
      {
        what: 'visits/s ÷ redirect-hot of one process',
        size,
        goal: '≥ 1',
        measured: number(rate.median / hotPerSecond),
        met: rate.median >= hotPerSecond,
      },
      { what: 'visits/s stored with rollups', size, measured: withSpread(rate) },
      {
        what: 'bare COPY rows/s',
        size,
        measured: withSpread(spread(measured.map(({ reference }) => reference.perSecond))),
      },
      {
        what: 'CPU of the writer, µs a visit',
        size,
        measured: number(median(subjects.map((each) => each.cpuPerVisit))),
      },
      {
        what: 'CPU of PostgreSQL meanwhile, µs a visit',
        size,
        measured: number(median(subjects.map((each) => each.ofPostgres))),
      },
      {
        what: 'highest memory of the writer, MB',
        size,
        measured: number(Math.max(...subjects.map((each) => each.highestMb))),
      },
      {
        what: 'merging the deltas, seconds',
        size,
        measured: withSpread(spread(subjects.map(({ merging }) => merging.seconds))),
      },
      {
        what: 'merging, CPU of the counter-flush; of PostgreSQL, µs a visit',
        size,
        measured: `${number(median(subjects.map(({ merging }) => merging.own)))}; ${number(median(subjects.map(({ merging }) => merging.ofPostgres)))}`,
      },
      {
        what: 'merging, highest memory of the counter-flush, MB',
        size,
        measured: number(Math.max(...subjects.map(({ merging }) => merging.highestMb))),
      },
    ];
  },
};

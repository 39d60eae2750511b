import { z } from 'zod';
import { API_KEY } from '../../harness/clients/api.ts';
import { alternate } from '../alternate.ts';
import { codeOf } from '../data/samples.ts';
import { seedLinks, seedVisits } from '../data/seed.ts';
import type { MeasuredDeployment } from '../deployment.ts';
import { latencies, readApi } from '../load/latency.ts';
import { count, number, withSpread } from '../report.ts';
import { median, ratio, spread } from '../statistics.ts';
import type { Suite } from '../suite.ts';

const CALLS = 200;
const LINKS = 1000;
const totalsSchema = z.object({ totals: z.object({ visits: z.int(), bot_visits: z.int() }) });

/** Measures the median of the milliseconds that the stats of a link take, and how many visits they report. */
export async function measureStats(url: string, link: number): Promise<{ ms: number; visits: number }> {
  const address = `${url}/api/v1/links/${codeOf(link)}/stats`;
  const { totals } = totalsSchema.parse(JSON.parse(await readApi(address, API_KEY)));
  const ms = median(await latencies(CALLS, () => readApi(address, API_KEY)));
  return { ms, visits: totals.visits + totals.bot_visits };
}

/** Measures the same after a merge has changed every month before each call. */
async function measureChangedStats({ sql }: MeasuredDeployment, url: string, link: number): Promise<number> {
  const address = `${url}/api/v1/links/${codeOf(link)}/stats`;
  const taken: number[] = [];
  for (let call = 0; call < CALLS; call++) {
    await sql`update monthly_rollups set version = version + 1 where short_code = ${codeOf(link)}`;
    taken.push(...(await latencies(1, () => readApi(address, API_KEY), 0)));
  }
  return median(taken);
}

async function measureKeyRead({ sql }: MeasuredDeployment): Promise<number> {
  return median(await latencies(CALLS, () => sql`select * from links where short_code = ${codeOf(0)}`));
}

export const stats: Suite = {
  name: 'stats',
  run: async ({ openDeployment, pairs, full }) => {
    const ofFirst = full ? 10_000_000 : 200_000;
    const ofOthers = full ? 40_000_000 : 800_000;
    const deployment = await openDeployment();
    await seedLinks(deployment.sql, LINKS);
    await seedVisits(deployment.sql, { ofFirst, ofOthers, links: LINKS });
    const running = await deployment.start('stats', 'alone');
    const measured = await alternate(
      pairs,
      () => measureStats(running.url, 0),
      async () => ({ key: await measureKeyRead(deployment), other: await measureStats(running.url, 1) }),
    );
    const changedMs = await measureChangedStats(deployment, running.url, 0);
    // The answer covers the 30 seeded days; visits at either end may fall outside.
    const visits = measured[0]?.subject.visits ?? 0;
    if (visits < ofFirst * 0.9 || visits > ofFirst) {
      throw new Error(`The stats report ${visits} visits, but ${ofFirst} are stored.`);
    }
    const toKey = ratio(
      measured.map(({ subject, reference }) => ({ subject: subject.ms, reference: reference.key })),
    );
    const toOther = ratio(
      measured.map(({ subject, reference }) => ({ subject: subject.ms, reference: reference.other.ms })),
    );
    const ofOther = measured[0]?.reference.other.visits ?? 0;
    const size = `${count(ofFirst)} visits of ${count(ofFirst + ofOthers)}`;
    return [
      {
        what: 'stats over HTTP ÷ a read by primary key',
        size,
        goal: '≤ 10',
        measured: withSpread(toKey),
        met: toKey.median <= 10,
      },
      {
        what: `÷ stats of a link with ${count(ofOther)} visits`,
        size,
        goal: '≤ 1.5',
        measured: withSpread(toOther),
        met: toOther.median <= 1.5,
      },
      { what: 'stats, ms', size, measured: withSpread(spread(measured.map(({ subject }) => subject.ms))) },
      {
        what: 'stats, ms, when every month has changed since the last time',
        size,
        measured: number(changedMs),
      },
      {
        what: 'read by primary key, ms',
        size,
        measured: withSpread(spread(measured.map(({ reference }) => reference.key))),
      },
    ];
  },
};

import { encodeCursor } from '@terse/http/cursor';
import { API_KEY } from '../../harness/clients/api.ts';
import { alternate } from '../alternate.ts';
import { seedLinks } from '../data/seed.ts';
import type { MeasuredDeployment } from '../deployment.ts';
import { latencies, readApi } from '../load/latency.ts';
import { count, withSpread } from '../report.ts';
import { median, ratio, spread } from '../statistics.ts';
import type { Suite } from '../suite.ts';

const PAGE = 100;
const CALLS = 100;
/** A larger ratio is no noise. */
const NOISE = 1.25;

/** The median of the milliseconds that a page takes; pages count from 1. */
export async function measurePage(
  deployment: MeasuredDeployment,
  url: string,
  page: number,
): Promise<number> {
  const cursor = page === 1 ? '' : `&cursor=${await cursorTo(deployment, page)}`;
  const address = `${url}/api/v1/links?limit=${PAGE}${cursor}`;
  return median(await latencies(CALLS, () => readApi(address, API_KEY)));
}

async function cursorTo({ sql }: MeasuredDeployment, page: number): Promise<string> {
  const [last] = await sql<{ created_at: Date; short_code: string }[]>`
    select created_at, short_code from links
    order by created_at desc, short_code desc offset ${(page - 1) * PAGE - 1} limit 1`;
  if (!last) throw new Error(`There is no page ${page}.`);
  return encodeCursor([last.created_at, last.short_code]);
}

export const list: Suite = {
  name: 'list',
  run: async ({ openDeployment, pairs }) => {
    const links = 1_000_000;
    const lastPage = links / PAGE;
    const deployment = await openDeployment();
    await seedLinks(deployment.sql, links);
    const running = await deployment.start('links', 'alone');
    const measured = await alternate(
      pairs,
      () => measurePage(deployment, running.url, lastPage),
      () => measurePage(deployment, running.url, 1),
    );
    const apart = ratio(measured);
    const size = `${count(links)} links, ${PAGE} a page`;
    return [
      {
        what: `page ${count(lastPage)} ÷ page 1`,
        size,
        goal: `≤ ${NOISE}`,
        measured: withSpread(apart),
        met: apart.median <= NOISE,
      },
      { what: 'page 1, ms', size, measured: withSpread(spread(measured.map(({ reference }) => reference))) },
      {
        what: `page ${count(lastPage)}, ms`,
        size,
        measured: withSpread(spread(measured.map(({ subject }) => subject))),
      },
    ];
  },
};

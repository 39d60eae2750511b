import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Visit } from '@terse/core/visits/visit';
import type { MeasuredDeployment } from '../../deployment.ts';

/**
 * Measures the rows per second that a bare COPY stores, without rollups, in a table with the same columns and key: the
 * least that storing can cost.
 */
export async function measureBareCopy(
  { sql }: MeasuredDeployment,
  visits: readonly Visit[],
): Promise<{ perSecond: number }> {
  await sql`drop table if exists visits_bare`;
  await sql`create table visits_bare (like visits including all)`;
  const lines = visits.map(asCopyLine);
  const begin = performance.now();
  const target = await sql`
    copy visits_bare (id, short_code, ip, timestamp, user_agent, referrer, country, is_bot) from stdin`.writable();
  await pipeline(Readable.from(lines), target);
  const perSecond = (visits.length / (performance.now() - begin)) * 1000;
  const [row] = await sql<{ stored: number }[]>`select count(*)::int as stored from visits_bare`;
  if (row?.stored !== visits.length) {
    throw new Error(`COPY stored ${row?.stored} of ${visits.length} visits.`);
  }
  return { perSecond };
}

function asCopyLine(visit: Visit): string {
  const columns = [
    visit.id,
    visit.short_code,
    visit.ip,
    new Date(visit.timestamp).toISOString(),
    visit.user_agent,
    visit.referrer,
    visit.country,
    String(visit.is_bot),
  ];
  const text = columns.map((value) => value?.replaceAll(/[\\\t\n\r]/g, String.raw`\$&`) ?? String.raw`\N`);
  return `${text.join('\t')}\n`;
}

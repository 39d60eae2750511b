import { randomUUID } from 'node:crypto';
import { createRedisCounter } from '@terse/cache/redis-counter';
import { z } from 'zod';
import { withRedis } from '../data/redis.ts';
import { codeOf } from '../data/samples.ts';
import { seedLinks } from '../data/seed.ts';
import type { MeasuredDeployment } from '../deployment.ts';
import { flushOnce } from '../load/flush.ts';
import { memoryOf } from '../machine/usage.ts';
import { count, number, withSpread } from '../report.ts';
import { spread } from '../statistics.ts';
import type { Suite } from '../suite.ts';

const CODES_PER_ADDITION = 1000;
const flushedSchema = z.object({ flushed: z.int() });

/** Counts one visit of each of so many links, then flushes. @throws Error when a count does not reach its link. */
export async function measureFlush(
  deployment: MeasuredDeployment,
  links: number,
): Promise<{ seconds: number; highestMb: number }> {
  await deployment.sql`update links set visit_count = 0 where visit_count <> 0`;
  await deployment.sql`vacuum links`;
  await countVisits(deployment, links);
  const flusher = await deployment.start('counter-flush', 'alone', { TRIGGER: 'external' });
  const begin = performance.now();
  const { flushed } = flushedSchema.parse(await flushOnce(flusher));
  const seconds = (performance.now() - begin) / 1000;
  const { highestMb } = memoryOf(flusher.pid);
  await flusher.end('SIGKILL');
  const [row] = await deployment.sql<{ visits: number }[]>`select sum(visit_count)::int as visits from links`;
  if (flushed !== links || row?.visits !== links) {
    throw new Error(`${flushed} of ${links} visits were flushed, and the links have ${row?.visits}.`);
  }
  return { seconds, highestMb };
}

function countVisits({ stack }: MeasuredDeployment, links: number): Promise<void> {
  return withRedis(stack.redis.url, async (redis) => {
    const counter = createRedisCounter(redis);
    for (let start = 0; start < links; start += CODES_PER_ADDITION) {
      const codes = Array.from({ length: Math.min(CODES_PER_ADDITION, links - start) }, (_, index) =>
        codeOf(start + index),
      );
      await counter.add(randomUUID(), new Map(codes.map((code) => [code, 1])));
    }
  });
}

export const flush: Suite = {
  name: 'flush',
  run: async ({ openDeployment, pairs, full }) => {
    const deployment = await openDeployment();
    const sizes = [
      { links: 10_000, maxSeconds: undefined, times: pairs },
      { links: 100_000, maxSeconds: 3, times: pairs },
      { links: 1_000_000, maxSeconds: 30, times: full ? pairs : 1 },
    ];
    await seedLinks(deployment.sql, Math.max(...sizes.map(({ links }) => links)));
    const findings = [];
    for (const { links, maxSeconds, times } of sizes) {
      const runs = [];
      for (let run = 0; run < times; run++) runs.push(await measureFlush(deployment, links));
      const seconds = spread(runs.map((each) => each.seconds));
      findings.push({
        what: 'seconds; highest memory, MB',
        size: `${count(links)} links with new visits`,
        measured: `${withSpread(seconds)}; ${number(Math.max(...runs.map((each) => each.highestMb)))}`,
        ...(maxSeconds !== undefined && { goal: `≤ ${maxSeconds} s`, met: seconds.median <= maxSeconds }),
      });
    }
    return findings;
  },
};

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRedisCounter } from '@terse/cache/redis-counter';
import { openRedisTcp } from '@terse/cache/redis-tcp';
import { z } from 'zod';
import type { Deployment } from '../harness/deployment.ts';
import { codeOf } from '../harness/samples.ts';
import { seedLinks } from '../harness/seed.ts';
import { memoryOf } from '../harness/usage.ts';
import { count, number, withSpread } from '../report.ts';
import { spread } from '../statistics.ts';
import type { Suite } from '../suite.ts';

const CODES_PER_ADDITION = 1000;
const CONNECT_POLL_MS = 10;
const flushedSchema = z.object({ flushed: z.int() });

/** Counts one visit of each of so many links, then flushes. @throws Error when not all of them reach the links. */
export async function measureFlush(
  deployment: Deployment,
  links: number,
): Promise<{ seconds: number; highestMb: number }> {
  await deployment.sql`update links set visit_count = 0 where visit_count <> 0`;
  await deployment.sql`vacuum links`;
  await countVisits(deployment, links);
  const flusher = await deployment.start('counter-flush', 'alone', { TRIGGER: 'external' });
  const begin = performance.now();
  const response = await fetch(`${flusher.url}/.events`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ task: 'flush' }),
  });
  const seconds = (performance.now() - begin) / 1000;
  if (!response.ok) throw new Error(`The flush was answered with ${response.status}.`);
  const { flushed } = flushedSchema.parse(await response.json());
  const { highestMb } = memoryOf(flusher.pid);
  await flusher.end('SIGKILL');
  const [row] = await deployment.sql<{ visits: number }[]>`select sum(visit_count)::int as visits from links`;
  if (flushed !== links || row?.visits !== links) {
    throw new Error(`Of ${links} visits ${flushed} were flushed, and the links have ${row?.visits}.`);
  }
  return { seconds, highestMb };
}

async function countVisits({ stack }: Deployment, links: number): Promise<void> {
  const redis = openRedisTcp({
    url: stack.redis.url,
    name: 'bench',
    timeoutMs: 5000,
    onError: () => undefined,
  });
  while (!(await redis.command('PING').catch(() => undefined))) await sleep(CONNECT_POLL_MS);
  const counter = createRedisCounter(redis);
  for (let start = 0; start < links; start += CODES_PER_ADDITION) {
    const codes = Array.from({ length: Math.min(CODES_PER_ADDITION, links - start) }, (_, index) =>
      codeOf(start + index),
    );
    await counter.add(randomUUID(), new Map(codes.map((code) => [code, 1])));
  }
  await redis.close();
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

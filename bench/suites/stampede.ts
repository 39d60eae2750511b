import { codeOf } from '../data/samples.ts';
import { seedLinks } from '../data/seed.ts';
import type { MeasuredDeployment } from '../deployment.ts';
import { herd } from '../load/herd.ts';
import { memoryOf } from '../machine/usage.ts';
import { count, number } from '../report.ts';
import type { Finding, Suite } from '../suite.ts';

const VISITORS = 5000;
const MAX_MEMORY_MB = 200;

/** Sends a thundering herd to a redirect with an empty memory, and measures its cost. */
export async function stampede(deployment: MeasuredDeployment, paths: readonly string[]) {
  await deployment.redis('FLUSHALL');
  const readsBefore = await deployment.indexReads('links_pkey');
  const redirect = await deployment.start('redirect', 'alone');
  const before = memoryOf(redirect.pid).nowMb;
  const { statuses, ms } = await herd(redirect.url, paths);
  const { highestMb } = memoryOf(redirect.pid);
  const redirected = await redirect.metric('redirects_total', 'outcome="redirect"');
  await redirect.end('SIGTERM');
  const queries = (await deployment.indexReads('links_pkey')) - readsBefore;
  return { statuses, ms, before, highestMb, redirected, queries };
}

export const repeated = (path: string, times: number) => Array.from({ length: times }, () => path);

export const stampedeSuite: Suite = {
  name: 'stampede',
  run: async ({ openDeployment }) => {
    const deployment = await openDeployment();
    await seedLinks(deployment.sql, 1000);
    const herds = [
      { to: 'one link', status: '307', maxQueries: 1, paths: repeated(`/${codeOf(7)}`, VISITORS) },
      { to: 'one unknown code', status: '404', maxQueries: 1, paths: repeated('/nothing', VISITORS) },
      {
        to: 'as many unknown codes',
        status: '404',
        maxQueries: VISITORS,
        paths: Array.from({ length: VISITORS }, (_, index) => `/nothing${index}`),
      },
    ];
    const findings: Finding[] = [];
    let stored = 0;
    for (const { to, status, maxQueries, paths } of herds) {
      const outcome = await stampede(deployment, paths);
      const answers = [...outcome.statuses].map(([code, times]) => `${code}: ${count(times)}`).join(', ');
      stored += outcome.redirected;
      await deployment.drain(stored);
      const size = `${count(VISITORS)} at once to ${to}`;
      findings.push(
        {
          what: 'queries',
          size,
          goal: `≤ ${count(maxQueries)}`,
          measured: count(outcome.queries),
          met: outcome.queries <= maxQueries,
        },
        {
          what: 'highest memory, MB (before)',
          size,
          goal: `≤ ${MAX_MEMORY_MB}`,
          measured: `${number(outcome.highestMb)} (${number(outcome.before)})`,
          met: outcome.highestMb <= MAX_MEMORY_MB,
        },
        {
          what: 'answers by status',
          size,
          measured: answers,
          goal: `${status}: ${count(VISITORS)}`,
          met: outcome.statuses.get(status) === VISITORS,
        },
        { what: 'until the last answer, ms', size, measured: number(outcome.ms) },
      );
    }
    return findings;
  },
};

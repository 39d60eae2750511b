import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { eventually } from '../../harness/eventually.ts';
import { API_KEY, type Deployment } from './deployment.ts';
import { referrerOf, sendVisitors } from '../../harness/clients/visitors.ts';

/** A way to do fault, and to heal it. */
export interface Fault {
  readonly name: string;
  /** What it has for itself: faults that touch different things may be done at once. */
  readonly touches: readonly string[];
  /** What visitors may see instead of a redirect meanwhile: a status, or `broken` for a connection that broke. */
  readonly visitorsMaySee?: readonly string[];
  /** @param code of the link that is visited meanwhile. */
  inject(deployment: Deployment, code: string): Promise<void>;
}

interface ExperimentOptions {
  readonly perSecond?: number;
  /** Where visitors go; the oldest redirect unless told otherwise. */
  readonly address?: string;
  /** How many visits the redirect says it has given up, where that may be. */
  readonly dropped?: () => Promise<number>;
}

const PER_SECOND = 200;
const WARM_UP_MS = 500;
const COOL_DOWN_MS = 1000;
/** How long after the fault everything may take to arrive. */
const QUIET_WITHIN_MS = 60_000;
/** How late a count may be once its visits are stored. */
const COUNTED_WITHIN_MS = 60_000;

const HEADER = [
  '| fault | answered | stored | counted | dropped | other answers | p50 ms | p99 ms |',
  '|---|---|---|---|---|---|---|---|',
];

export interface Experiments {
  /**
   * Sends visitors, each with a number of its own, to a new link; does fault; waits until all is quiet; and compares
   * which visits were answered with those that are stored, and their number with the link's count.
   * @throws AssertionError when a visit is lost or doubled, or when visitors saw what they must not see.
   */
  survive(fault: Fault, options?: ExperimentOptions): Promise<void>;
  /** Makes a link, as soon as that is possible. @returns its code. */
  createLink(): Promise<string>;
  /** What happened so far, in Markdown. */
  table(): string;
  close(): Promise<void>;
}

const head = (url: string) => fetch(url, { method: 'HEAD', redirect: 'manual' });

export function createExperiments(deployment: Deployment): Experiments {
  const sql = postgres(deployment.stack.postgres.url, { max: 1, onnotice: () => {} });
  const rows: string[] = [];

  async function createLink(): Promise<string> {
    return eventually(async () => {
      const response = await fetch(`${deployment.links.url}/api/v1/links`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${API_KEY}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ original_url: 'https://example.com/' }),
      });
      assert.equal(response.status, 201);
      return ((await response.json()) as { short_code: string }).short_code;
    }, 30_000);
  }

  async function storedVisits(code: string): Promise<string[]> {
    const visits = await sql<{ referrer: string }[]>`
      select referrer from visits where short_code = ${code} and not is_bot
    `;
    return visits.map(({ referrer }) => referrer);
  }

  async function countedVisits(code: string): Promise<number> {
    const [link] = await sql<{ visit_count: number }[]>`
      select visit_count::int from links where short_code = ${code}
    `;
    return link?.visit_count ?? -1;
  }

  return {
    createLink,

    survive: async (fault, options = {}) => {
      const { perSecond = PER_SECOND, dropped = () => Promise.resolve(0) } = options;
      const code = await createLink();
      const address = options.address ?? deployment.running('redirect')[0]?.url ?? '';
      const url = `${address}/${code}`;
      // Known to the redirect, and by no person.
      await eventually(async () => assert.equal((await head(url)).status, 307), 30_000);
      const visitors = sendVisitors({ url, perSecond });
      await sleep(WARM_UP_MS);
      try {
        await fault.inject(deployment, code);
        await sleep(COOL_DOWN_MS);
      } finally {
        await visitors.stop();
      }
      const { answered, refused, p50Ms, p99Ms } = await visitors.stop();
      const expected = new Set([...answered].map(referrerOf));

      const { stored, lost } = await eventually(async () => {
        const referrers = await storedVisits(code);
        const distinct = new Set(referrers);
        assert.equal(referrers.length - distinct.size, 0, 'visits are stored twice');
        // A visit whose answer did not arrive may be stored: the visitor's end of the connection is what broke.
        const surplus = distinct.difference(expected).size;
        assert.ok(surplus <= (refused.get('broken') ?? 0), `${surplus} visits are stored that nobody made`);
        const missing = expected.difference(distinct).size;
        assert.equal(missing, await dropped(), 'visits are missing that nobody dropped');
        return { stored: referrers.length, lost: missing };
      }, QUIET_WITHIN_MS);
      // Ticks alone must do it. A visit without an answer may be counted and not stored, until it is taken back.
      const counted = await eventually(async () => {
        const count = await countedVisits(code);
        assert.ok(count >= stored, `the count is ${stored - count} behind what is stored`);
        assert.ok(
          count - stored <= (refused.get('broken') ?? 0),
          `${count - stored} visits are counted that nobody made`,
        );
        return count;
      }, COUNTED_WITHIN_MS);

      const others = [...refused].map(([status, times]) => `${status}: ${times}`).join(', ') || 'none';
      const numbers = [answered.size, stored, counted, lost];
      rows.push(
        `| ${fault.name} | ${numbers.join(' | ')} | ${others} | ${p50Ms.toFixed(1)} | ${p99Ms.toFixed(1)} |`,
      );
      assert.ok(answered.size > perSecond, 'hardly anybody was answered');
      const maySee = new Set(fault.visitorsMaySee);
      assert.deepEqual(
        [...refused.keys()].filter((status) => !maySee.has(status)),
        [],
        'visitors saw what they must not see',
      );
    },

    table: () => [...HEADER, ...rows].join('\n'),
    close: () => sql.end(),
  };
}

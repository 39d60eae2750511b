import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { eventually } from './eventually.ts';
import { API_KEY, type House } from './house.ts';
import type { Harm } from './trial.ts';

/** Longer than two looks of a reconciliation, with the ticks around them. */
const HELD_MS = 12_000;
const LOOK_EVERY_MS = 200;

/** Visits are counted but cannot be stored, and a new counter-flush starts. */
export const COUNTING_HARMS: readonly Harm[] = [
  {
    name: 'visit-writer stands still with unacknowledged visits, counter-flush killed',
    touches: ['visit-writer', 'counter-flush'],
    inflict: async (house, code) => {
      const pid = house.running('visit-writer')[0]?.pid ?? assert.fail('No visit-writer is running.');
      process.kill(pid, 'SIGSTOP');
      try {
        await whileCountsOnlyGrow(house, code, () => house.replace('counter-flush', 'SIGKILL'));
      } finally {
        process.kill(pid, 'SIGCONT');
      }
    },
  },
  {
    name: 'visits locked, counter-flush stopped and started',
    touches: ['postgres', 'counter-flush'],
    inflict: async (house, code) => {
      const sql = postgres(house.stack.postgres.url, { max: 1, onnotice: () => {} });
      try {
        await sql.begin(async (transaction) => {
          await transaction`lock table visits in access exclusive mode`;
          await whileCountsOnlyGrow(house, code, () => house.replace('counter-flush', 'SIGTERM'));
        });
      } finally {
        await sql.end();
      }
    },
  },
];

async function whileCountsOnlyGrow(house: House, code: string, harm: () => Promise<unknown>): Promise<void> {
  await eventually(
    async () => assert.ok((await countOf(house, code)) > 100, 'hardly anybody is counted'),
    10_000,
  );
  const over = new AbortController();
  const looking = (async () => {
    for (let before = 0; !over.signal.aborted; await sleep(LOOK_EVERY_MS)) {
      const now = await countOf(house, code);
      assert.ok(now >= before, `the count went back from ${before} to ${now}`);
      before = now;
    }
  })();
  try {
    await Promise.all([
      looking,
      harm()
        .then(() => sleep(HELD_MS))
        .finally(() => over.abort()),
    ]);
  } finally {
    over.abort();
  }
}

async function countOf(house: House, code: string): Promise<number> {
  const response = await fetch(`${house.links.url}/api/v1/links/${code}`, {
    headers: { Authorization: `Bearer ${API_KEY}` },
  });
  assert.equal(response.status, 200);
  return ((await response.json()) as { visit_count: number }).visit_count;
}

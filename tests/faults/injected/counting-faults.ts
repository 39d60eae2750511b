import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { createApi } from '../../../harness/clients/api.ts';
import { eventually } from '../../../harness/eventually.ts';
import type { FaultyDeployment } from '../faulty-deployment.ts';
import type { Fault } from './fault.ts';

/** Longer than two reads of a reconciliation, with the ticks around them. */
const HELD_MS = 12_000;
const LOOK_EVERY_MS = 200;

/** Visits are counted but cannot be stored, and a new counter-flush starts. */
export const COUNTING_FAULTS: readonly Fault[] = [
  {
    name: 'visit-writer stands still with unacknowledged visits, counter-flush killed',
    touches: ['visit-writer', 'counter-flush'],
    inject: async (deployment, code) => {
      const pid = deployment.running('visit-writer')[0]?.pid ?? assert.fail('No visit-writer is running.');
      process.kill(pid, 'SIGSTOP');
      try {
        await whileCountsOnlyGrow(deployment, code, () => deployment.replace('counter-flush', 'SIGKILL'));
      } finally {
        process.kill(pid, 'SIGCONT');
      }
    },
  },
  {
    name: 'visits locked, counter-flush stopped and started',
    touches: ['postgres', 'counter-flush'],
    inject: async (deployment, code) => {
      await deployment.sql.begin(async (transaction) => {
        await transaction`lock table visits in access exclusive mode`;
        await whileCountsOnlyGrow(deployment, code, () => deployment.replace('counter-flush', 'SIGTERM'));
      });
    },
  },
];

async function whileCountsOnlyGrow(
  deployment: FaultyDeployment,
  code: string,
  fault: () => Promise<unknown>,
): Promise<void> {
  await eventually(
    async () => assert.ok((await countOf(deployment, code)) > 100, 'too few visits are counted'),
    10_000,
  );
  const over = new AbortController();
  const looking = (async () => {
    for (let before = 0; !over.signal.aborted; await sleep(LOOK_EVERY_MS)) {
      const now = await countOf(deployment, code);
      assert.ok(now >= before, `the count went back from ${before} to ${now}`);
      before = now;
    }
  })();
  try {
    await Promise.all([
      looking,
      fault()
        .then(() => sleep(HELD_MS))
        .finally(() => over.abort()),
    ]);
  } finally {
    over.abort();
  }
}

async function countOf(deployment: FaultyDeployment, code: string): Promise<number> {
  const response = await createApi(deployment.links.url).call('GET', `/api/v1/links/${code}`);
  assert.equal(response.status, 200);
  return ((await response.json()) as { visit_count: number }).visit_count;
}

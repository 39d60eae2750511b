import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { sendEvent } from '../../../harness/clients/events.ts';
import type { FunctionProcess } from '../../../harness/processes/function-process.ts';
import type { FaultyDeployment } from '../faulty-deployment.ts';
import { type Fault, whileStopped } from './fault.ts';

type Worker = 'visit-writer' | 'counter-flush';

export const FUNCTION_FAULTS: readonly Fault[] = [
  {
    name: 'visit-writer killed 3 times, 2 running',
    touches: ['visit-writer'],
    inject: (deployment) => killRepeatedly(deployment, 'visit-writer', 3, 300),
  },
  {
    name: 'visit-writer stands still, 2 s',
    touches: ['visit-writer'],
    inject: (deployment) => standStill(deployment, 'visit-writer', 2000),
  },
  {
    name: 'counter-flush killed 5 times, 2 running',
    touches: ['counter-flush'],
    inject: (deployment) => killRepeatedly(deployment, 'counter-flush', 5, 200),
  },
  {
    name: 'counter-flush stands still, 2 s',
    touches: ['counter-flush'],
    inject: (deployment) => standStill(deployment, 'counter-flush', 2000),
  },
  {
    name: '10 flushes at once, for 2 s',
    touches: ['counter-flush'],
    inject: async (deployment) => {
      const other = await deployment.start('counter-flush', { TRIGGER: 'external' });
      const until = performance.now() + 2000;
      const flushRepeatedly = async (_: unknown, index: number) => {
        while (performance.now() < until) await flush(index % 2 === 0 ? other : deployment.flusher);
      };
      await Promise.all(Array.from({ length: 10 }, flushRepeatedly));
      await other.end('SIGTERM');
    },
  },
  {
    name: 'redirect killed twice',
    touches: ['redirect'],
    visitorsMaySee: ['broken'],
    inject: async (deployment) => {
      for (let kills = 0; kills < 2; kills++) {
        await deployment.replace('redirect', 'SIGKILL');
        await sleep(700);
      }
    },
  },
  {
    name: 'visit-writer and counter-flush stopped and started',
    touches: ['visit-writer', 'counter-flush'],
    inject: async (deployment) => {
      for (const worker of ['visit-writer', 'counter-flush'] as const) {
        assert.equal(await deployment.replace(worker, 'SIGTERM'), 0, `${worker} did not stop in order`);
      }
    },
  },
];

async function withOneMore(
  deployment: FaultyDeployment,
  worker: Worker,
  work: () => Promise<void>,
): Promise<void> {
  await deployment.start(worker);
  try {
    await work();
  } finally {
    await deployment.running(worker)[0]?.end('SIGTERM');
  }
}

function killRepeatedly(
  deployment: FaultyDeployment,
  worker: Worker,
  times: number,
  pauseMs: number,
): Promise<void> {
  return withOneMore(deployment, worker, async () => {
    for (let kills = 0; kills < times; kills++) {
      await deployment.replace(worker, 'SIGKILL');
      await sleep(pauseMs);
    }
  });
}

function standStill(deployment: FaultyDeployment, worker: Worker, ms: number): Promise<void> {
  return withOneMore(deployment, worker, () =>
    whileStopped(
      deployment.running(worker).map(({ pid }) => pid),
      ms,
    ),
  );
}

async function flush(flusher: FunctionProcess): Promise<void> {
  const { status } = await sendEvent(flusher, { task: 'flush' });
  // 503 when a backing service does not answer at that moment.
  assert.ok([200, 503].includes(status), `a flush was answered with ${status}`);
}

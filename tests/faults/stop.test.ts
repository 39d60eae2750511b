import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { BROWSER } from '../../harness/clients/browser.ts';
import { referrerOf } from '../../harness/clients/visitors.ts';
import { eventually } from '../../harness/eventually.ts';
import type { FunctionProcess } from '../../harness/processes/function-process.ts';
import { lastLogLine } from '../../harness/processes/log-line.ts';
import { describeOnRealServices } from '../on-real-services.ts';
import { Experiments } from './experiment.ts';
import { type FaultyDeployment, openFaultyDeployment } from './faulty-deployment.ts';

const TIMEOUT_MS = 180_000;
const VISITS = 300;

describeOnRealServices('a redirect that stops while RabbitMQ is down', () => {
  let deployment: FaultyDeployment;
  let experiments: Experiments;
  let disk: string;
  let code: string;

  beforeAll(async () => {
    deployment = await openFaultyDeployment();
    experiments = new Experiments(deployment);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await deployment.close();
  });
  beforeEach(async () => {
    disk = await mkdtemp(join(tmpdir(), 'terse-disk-'));
    code = await experiments.createLink();
  });
  afterEach(() => rm(disk, { recursive: true, force: true }));

  const start = (settings: Record<string, string> = {}) =>
    deployment.start('redirect', { JOURNAL_DIR: disk, LOG_LEVEL: 'warn', ...settings });

  /** Sends visits, each with its own referrer, and expects an answer to each. */
  async function visit({ url }: FunctionProcess, from: number, to: number): Promise<void> {
    for (let number = from; number < to; number += 20) {
      const some = Array.from({ length: Math.min(20, to - number) }, (_, index) => number + index);
      const statuses = await Promise.all(
        some.map(async (visitor) => {
          const headers = { 'User-Agent': BROWSER, Referer: referrerOf(visitor) };
          return (await fetch(`${url}/${code}`, { redirect: 'manual', headers })).status;
        }),
      );
      expect(new Set(statuses)).toEqual(new Set([307]));
    }
  }

  async function expectStored(visits: number): Promise<void> {
    await eventually(async () => {
      const [row] = await deployment.sql<{ stored: number; people: number; counted: number }[]>`
        select count(*)::int as stored, count(distinct referrer)::int as people,
          (select visit_count::int from links where short_code = ${code}) as counted
        from visits where short_code = ${code}
      `;
      expect(row).toEqual({ stored: visits, people: visits, counted: visits });
    }, 60_000);
  }

  test(
    'loses no visit when its disk is deleted with it',
    async () => {
      const redirect = await start();
      await visit(redirect, 0, 1);
      await deployment.stack.rabbitmq.stop();
      await visit(redirect, 1, VISITS);
      expect(await redirect.end('SIGTERM')).toBe(0);
      expect(redirect.output()).not.toMatch(/visits (were dropped|are left)/);
      await rm(disk, { recursive: true });
      const next = await start();
      await deployment.stack.rabbitmq.restart();
      await expectStored(VISITS);
      await next.end('SIGTERM');
    },
    TIMEOUT_MS,
  );

  test(
    'fills the overflow queue, leaves the rest on its disk and reports how much, and no visit is stored twice',
    async () => {
      const redirect = await start({ OVERFLOW_MAX_MB: '1', VISITS_IN_MEMORY: '2000' });
      await visit(redirect, 0, 1);
      await deployment.stack.rabbitmq.stop();
      await visit(redirect, 1, 5000);
      expect(await redirect.end('SIGTERM')).toBe(0);
      const left = Number(lastLogLine(redirect, 'visits are left on this disk')?.['visits']);
      expect(left).toBeGreaterThan(500);
      expect(left).toBeLessThan(4500);
      expect(lastLogLine(redirect, 'visits were dropped')).toBeUndefined();
      await deployment.stack.rabbitmq.restart();
      await expectStoredOnly(5000 - left);
      const next = await start();
      await expectStored(5000);
      await next.end('SIGTERM');
    },
    TIMEOUT_MS,
  );

  async function expectStoredOnly(visits: number): Promise<void> {
    await eventually(async () => {
      const [row] =
        await deployment.sql`select count(*)::int as stored from visits where short_code = ${code}`;
      expect(row).toEqual({ stored: visits });
    }, 60_000);
  }

  test.each([
    ['left on its disk', {}, 'visits are left on this disk'],
    ['dropped without a disk', { JOURNAL_DIR: 'none' }, 'visits were dropped'],
  ])(
    'and Redis is down, too, reports how many visits are %s',
    async (_name, settings: Record<string, string>, words) => {
      const redirect = await start(settings);
      await visit(redirect, 0, 1);
      await Promise.all([deployment.stack.rabbitmq.stop(), deployment.stack.redis.stop()]);
      await visit(redirect, 1, VISITS);
      expect(await redirect.end('SIGTERM')).toBe(0);
      await Promise.all([deployment.stack.rabbitmq.restart(), deployment.stack.redis.restart()]);
      // The queue may already have the first.
      expect([VISITS - 1, VISITS]).toContain(lastLogLine(redirect, words)?.['visits']);
    },
    TIMEOUT_MS,
  );
});

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeOnRealParts } from '../on-real-parts.ts';
import type { FunctionProcess } from '../function-process.ts';
import { createRandom } from '../random.ts';
import { openBalancer } from './balancer.ts';
import { composeHarms } from './compose.ts';
import { COUNTING_HARMS } from './counting-harms.ts';
import { eventually } from './eventually.ts';
import { HARMS } from './harms.ts';
import { type House, openHouse } from './house.ts';
import { createTrials, type Trials } from './trial.ts';

const TIMEOUT_MS = 180_000;
const COMPOSED = 3;
const AT_ONCE = 3;

describeOnRealParts('every answered visit is stored once and counted once', () => {
  let house: House;
  let trials: Trials;

  beforeAll(async () => {
    house = await openHouse();
    trials = createTrials(house);
  }, TIMEOUT_MS);
  afterAll(async () => {
    process.stdout.write(`\n${trials.table()}\n\n`);
    await trials.close();
    await house.close();
  });

  const survive: Trials['survive'] = (harm, options) => trials.survive(harm, options);

  describe('under', { timeout: TIMEOUT_MS }, () => {
    test.each(HARMS)('$name', (harm) => survive(harm));
    test.each(COUNTING_HARMS)('$name: no count goes back', (harm) => survive(harm));

    const seed = Number(process.env['FAULTS_SEED'] ?? Date.now() % 1_000_000);
    const random = createRandom(seed);
    test.each(Array.from({ length: COMPOSED }, () => composeHarms(HARMS, random, AT_ONCE)))(
      `several at once, seed ${seed}: $name`,
      (harm) => survive(harm),
    );
  });

  describe('by a redirect', { timeout: TIMEOUT_MS }, () => {
    /** Visits a redirect with settings of its own while harm is done to it, or to what it needs. */
    async function surviveOn(
      settings: Record<string, string>,
      name: string,
      inflict: (address: string) => Promise<void>,
      { perSecond = 200, visitorsMaySee = [] as string[], mayDrop = false } = {},
    ): Promise<void> {
      const { url } = await house.start('redirect', settings);
      // A replaced redirect has the same address, but another internal one.
      const running = () => house.running('redirect').find((each) => each.url === url);
      const dropped = () => metricOf(running()?.internalUrl ?? '', 'visits_dropped_total');
      try {
        await survive(
          { name, touches: [], visitorsMaySee, inflict: () => inflict(url) },
          { address: url, perSecond, ...(mayDrop && { dropped }) },
        );
        expect((await dropped()) > 0).toBe(mayDrop);
      } finally {
        const own = running();
        if (own) await house.end('redirect', own, 'SIGTERM');
      }
    }

    test('whose clock jumps by days', () =>
      surviveOn(
        { NODE_OPTIONS: `--import=${new URL('./jumping-clock.ts', import.meta.url).href}` },
        'clock of the redirect jumps by days',
        () => sleep(2500),
      ));

    test('without a disk, while RabbitMQ is down', () =>
      surviveOn({ JOURNAL_DIR: 'none' }, 'no disk; RabbitMQ killed, 3 s', async () => {
        await house.stack.rabbitmq.kill();
        await sleep(3000);
        await house.stack.rabbitmq.restart();
      }));

    test('without a disk that waits for confirms, though it is killed, and RabbitMQ with it', () =>
      surviveOn(
        { JOURNAL_DIR: 'none', VISIT_DURABILITY: 'confirmed' },
        'no disk, confirmed; redirect killed, then RabbitMQ and redirect',
        async (address) => {
          await house.replace('redirect', 'SIGKILL', address);
          await sleep(700);
          await house.stack.rabbitmq.kill();
          await sleep(700);
          await house.replace('redirect', 'SIGKILL', address);
          await sleep(700);
          await house.stack.rabbitmq.restart();
        },
        { visitorsMaySee: ['broken'] },
      ));

    test('but for those that it says it has dropped, when all its bounds are exceeded', () =>
      surviveOn(
        { VISITS_IN_MEMORY: '200', JOURNAL_MAX_MB: '1' },
        'RabbitMQ and Redis killed for longer than memory and disk hold',
        async () => {
          await Promise.all([house.stack.rabbitmq.kill(), house.stack.redis.kill()]);
          await sleep(6000);
          await Promise.all([house.stack.rabbitmq.restart(), house.stack.redis.restart()]);
        },
        { perSecond: 1000, mayDrop: true },
      ));
  });

  test(
    'while all redirects behind a balancer are replaced by new ones, and no visitor notices',
    { timeout: TIMEOUT_MS },
    async () => {
      const balancer = await openBalancer();
      let older = await house.start('redirect');
      let newer = await house.start('redirect');
      const exitCodes: (number | null)[] = [];
      const share = async (...redirects: readonly FunctionProcess[]) => {
        balancer.use(redirects);
        await eventually(() => expect(fetch(balancer.url)).resolves.toMatchObject({ status: 200 }), 10_000);
        await sleep(200);
      };
      await share(older, newer);
      const inflict = async () => {
        for (let replaced = 0; replaced < 4; replaced++) {
          const newest = await house.start('redirect');
          await share(older, newer, newest);
          exitCodes.push(await house.end('redirect', older, 'SIGTERM'));
          [older, newer] = [newer, newest];
        }
      };
      await survive(
        { name: '4 redirects replaced one by one, behind a balancer', touches: [], inflict },
        { address: balancer.url },
      );
      expect(exitCodes).toEqual([0, 0, 0, 0]);
      for (const each of [older, newer]) await house.end('redirect', each, 'SIGTERM');
      await balancer.close();
    },
  );
});

/** The sum of a metric over its labels. */
async function metricOf(address: string, name: string): Promise<number> {
  const response = await fetch(`${address}/.metrics`);
  expect(response.status).toBe(200);
  const metrics = await response.text();
  const values = metrics.matchAll(new RegExp(`^${name}\\{.*\\} (\\d+)$`, 'gm'));
  return values.reduce((sum, [, value]) => sum + Number(value), 0);
}

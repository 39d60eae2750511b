import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../../harness/eventually.ts';
import type { FunctionProcess } from '../../harness/processes/function-process.ts';
import { createRandom } from '../../harness/random.ts';
import { describeOnRealServices } from '../on-real-services.ts';
import { openBalancer } from './balancer.ts';
import { Experiments } from './experiment.ts';
import { FAULTS } from './faults.ts';
import { type FaultyDeployment, openFaultyDeployment } from './faulty-deployment.ts';
import { composeFaults } from './injected/compose-faults.ts';
import { COUNTING_FAULTS } from './injected/counting-faults.ts';
import { whileDown } from './injected/fault.ts';

const TIMEOUT_MS = 180_000;
const COMPOSED = 3;
const AT_ONCE = 3;

describeOnRealServices('every answered visit is stored once and counted once', () => {
  let deployment: FaultyDeployment;
  let experiments: Experiments;

  beforeAll(async () => {
    deployment = await openFaultyDeployment();
    experiments = new Experiments(deployment);
  }, TIMEOUT_MS);
  afterAll(async () => {
    process.stdout.write(`\n${experiments.table()}\n\n`);
    await deployment.close();
  });

  const survive: Experiments['survive'] = (fault, options) => experiments.survive(fault, options);

  describe('under', { timeout: TIMEOUT_MS }, () => {
    test.each(FAULTS)('$name', (fault) => survive(fault));
    test.each(COUNTING_FAULTS)('$name: no count goes back', (fault) => survive(fault));

    const seed = Number(process.env['FAULTS_SEED'] ?? Date.now() % 1_000_000);
    const random = createRandom(seed);
    test.each(Array.from({ length: COMPOSED }, () => composeFaults(FAULTS, random, AT_ONCE)))(
      `several at once, seed ${seed}: $name`,
      (fault) => survive(fault),
    );
  });

  describe('by a redirect', { timeout: TIMEOUT_MS }, () => {
    /** Visits a redirect with its own settings while a fault is injected into it or its backing services. */
    async function surviveOn(
      settings: Record<string, string>,
      name: string,
      inject: (address: string) => Promise<void>,
      { perSecond = 200, visitorsMaySee = [] as string[], mayDrop = false } = {},
    ): Promise<void> {
      const { url } = await deployment.start('redirect', settings);
      // A replaced redirect has the same address, but another internal one.
      const running = () => deployment.running('redirect').find((each) => each.url === url);
      const dropped = () => {
        const own = running();
        if (!own) throw new Error('The redirect is not running.');
        return own.metric('visits_dropped_total');
      };
      try {
        await survive(
          { name, touches: [], visitorsMaySee, inject: () => inject(url) },
          { address: url, perSecond, ...(mayDrop && { dropped }) },
        );
        expect((await dropped()) > 0).toBe(mayDrop);
      } finally {
        await running()?.end('SIGTERM');
      }
    }

    test('whose clock jumps by days', () =>
      surviveOn(
        { NODE_OPTIONS: `--import=${new URL('./jumping-clock.ts', import.meta.url).href}` },
        'clock of the redirect jumps by days',
        () => sleep(2500),
      ));

    test('without a disk, while RabbitMQ is down', () =>
      surviveOn({ JOURNAL_DIR: 'none' }, 'no disk; RabbitMQ killed, 3 s', () =>
        whileDown('kill', [deployment.stack.rabbitmq], 3000),
      ));

    test('without a disk that waits for confirms, while it and RabbitMQ are killed', () =>
      surviveOn(
        { JOURNAL_DIR: 'none', VISIT_DURABILITY: 'confirmed' },
        'no disk, confirmed; redirect killed, then RabbitMQ and redirect',
        async (address) => {
          await deployment.replace('redirect', 'SIGKILL', address);
          await sleep(700);
          await deployment.stack.rabbitmq.kill();
          await sleep(700);
          await deployment.replace('redirect', 'SIGKILL', address);
          await sleep(700);
          await deployment.stack.rabbitmq.restart();
        },
        { visitorsMaySee: ['broken'] },
      ));

    test('except those that it reports as dropped, when all its bounds are exceeded', () =>
      surviveOn(
        { VISITS_IN_MEMORY: '200', JOURNAL_MAX_MB: '1' },
        'RabbitMQ and Redis killed for longer than memory and disk hold',
        () => whileDown('kill', [deployment.stack.rabbitmq, deployment.stack.redis], 6000),
        { perSecond: 1000, mayDrop: true },
      ));
  });

  test(
    'while new redirects replace all redirects behind a balancer, unnoticed by visitors',
    { timeout: TIMEOUT_MS },
    async () => {
      const balancer = await openBalancer();
      let older = await deployment.start('redirect');
      let newer = await deployment.start('redirect');
      const exitCodes: (number | null)[] = [];
      const share = async (...redirects: readonly FunctionProcess[]) => {
        balancer.use(redirects);
        await eventually(() => expect(fetch(balancer.url)).resolves.toMatchObject({ status: 200 }), 10_000);
        await sleep(200);
      };
      await share(older, newer);
      const inject = async () => {
        for (let replaced = 0; replaced < 4; replaced++) {
          const newest = await deployment.start('redirect');
          await share(older, newer, newest);
          exitCodes.push(await older.end('SIGTERM'));
          [older, newer] = [newer, newest];
        }
      };
      await survive(
        { name: '4 redirects replaced one by one, behind a balancer', touches: [], inject },
        { address: balancer.url },
      );
      expect(exitCodes).toEqual([0, 0, 0, 0]);
      for (const each of [older, newer]) await each.end('SIGTERM');
      await balancer.close();
    },
  );
});

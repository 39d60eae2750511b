import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rename, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createClient } from '@redis/client';
import { messageText } from '@terse/queue/message';
import postgres from 'postgres';
import type { Connection } from 'rabbitmq-client';
import type { FunctionProcess } from '../../harness/processes/function-process.ts';
import { eventually } from '../../harness/eventually.ts';
import type { Deployment, Worker } from './deployment.ts';
import { POISON } from './poison.ts';
import type { Fault } from './experiment.ts';
import { withBroker, withSql } from '../../harness/servers/with-server.ts';

const run = promisify(execFile);

/** Every fault once. Each heals what it did before it is over, also when it fails. */
export const HARMS: readonly Fault[] = [
  { name: 'none', touches: [], inject: () => sleep(1000) },

  ...workers(),
  ...rabbitmq(),
  ...redis(),
  ...postgresql(),
  ...journal(),
  ...messages(),
  ...POISON,
];

function workers(): Fault[] {
  return [
    {
      name: 'visit-writer killed 3 times, 2 running',
      touches: ['visit-writer'],
      inject: async (deployment) => {
        await withOneMore(deployment, 'visit-writer', async () => {
          for (let kills = 0; kills < 3; kills++) {
            await deployment.replace('visit-writer', 'SIGKILL');
            await sleep(300);
          }
        });
      },
    },
    {
      name: 'visit-writer stands still, 2 s',
      touches: ['visit-writer'],
      inject: (deployment) => standStill(deployment, 'visit-writer', 2000),
    },
    {
      name: 'counter-flush killed 5 times, 2 running',
      touches: ['counter-flush'],
      inject: async (deployment) => {
        await withOneMore(deployment, 'counter-flush', async () => {
          for (let kills = 0; kills < 5; kills++) {
            await deployment.replace('counter-flush', 'SIGKILL');
            await sleep(200);
          }
        });
      },
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
        const flushAgainAndAgain = async (_: unknown, index: number) => {
          while (performance.now() < until) await flush(index % 2 === 0 ? other : deployment.flusher);
        };
        await Promise.all(Array.from({ length: 10 }, flushAgainAndAgain));
        await deployment.end('counter-flush', other, 'SIGTERM');
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
}

function rabbitmq(): Fault[] {
  const touches = ['rabbitmq'];
  return [
    {
      name: 'RabbitMQ stopped, 20 s',
      touches,
      inject: async ({ stack }) => {
        await stack.rabbitmq.stop();
        await sleep(20_000);
        await stack.rabbitmq.restart();
      },
    },
    {
      name: 'RabbitMQ killed',
      touches,
      inject: async ({ stack }) => {
        await stack.rabbitmq.kill();
        await stack.rabbitmq.restart();
      },
    },
    {
      name: 'RabbitMQ and redirect killed',
      touches: ['rabbitmq', 'redirect'],
      visitorsMaySee: ['broken'],
      inject: async (deployment) => {
        await deployment.stack.rabbitmq.kill();
        await sleep(300);
        await deployment.replace('redirect', 'SIGKILL');
        await deployment.stack.rabbitmq.restart();
      },
    },
    {
      name: 'RabbitMQ stands still, 8 s',
      touches,
      inject: async ({ stack }) => {
        await whileStopped([stack.rabbitmq.pid], 8000);
      },
    },
    {
      name: 'connections to RabbitMQ reset 10 times',
      touches,
      inject: async ({ network }) => {
        for (let resets = 0; resets < 10; resets++) {
          network.rabbitmq.reset();
          await sleep(200);
        }
      },
    },
    {
      name: 'confirms of RabbitMQ withheld, 6 s',
      touches,
      inject: ({ network }) => during(network.rabbitmq.withholdAnswers, 6000, network.rabbitmq.heal),
    },
    {
      name: 'RabbitMQ gone silent, 6 s',
      touches,
      inject: ({ network }) => during(network.rabbitmq.goSilent, 6000, network.rabbitmq.heal),
    },
    {
      name: 'RabbitMQ out of memory, publishers blocked 5 s',
      touches,
      inject: async ({ stack }) => {
        await stack.rabbitmq.control('set_vm_memory_high_watermark', 'absolute', '1MB');
        await sleep(5000);
        await stack.rabbitmq.control('set_vm_memory_high_watermark', '0.4');
      },
    },
  ];
}

function redis(): Fault[] {
  const touches = ['redis'];
  const network = (
    name: string,
    act: (proxy: Deployment['network']['redis']) => void,
    ms: number,
    times = 1,
  ): Fault => ({
    name,
    touches,
    inject: async ({ network: { redis: proxy } }) => {
      for (let time = 0; time < times; time++) await during(() => act(proxy), ms, proxy.heal);
    },
  });
  return [
    {
      name: 'Redis killed, 1 s',
      touches,
      inject: async ({ stack }) => {
        await stack.redis.kill();
        await sleep(1000);
        await stack.redis.restart();
      },
    },
    {
      name: 'Redis stopped, 1 s',
      touches,
      inject: async ({ stack }) => {
        await stack.redis.stop();
        await sleep(1000);
        await stack.redis.restart();
      },
    },
    {
      name: 'Redis FLUSHALL',
      touches,
      inject: ({ stack }) => tellRedis(stack.redis.url, ['FLUSHALL']),
    },
    {
      name: 'Redis CLIENT PAUSE, 2 s',
      touches,
      inject: async ({ stack }) => {
        await tellRedis(stack.redis.url, ['CLIENT', 'PAUSE', '2000', 'ALL']);
        await sleep(2000);
      },
    },
    network('Redis 200 ms away, 2 s', (proxy) => proxy.delay(200), 2000),
    network('Redis gone silent, 3 s', (proxy) => proxy.goSilent(), 3000),
    network('connections to Redis reset 10 times', (proxy) => proxy.reset(), 150, 10),
    network('answers of Redis cut short 10 times', (proxy) => proxy.truncateAnswersAfter(7), 200, 10),
  ];
}

function postgresql(): Fault[] {
  const touches = ['postgres'];
  return [
    {
      name: 'PostgreSQL killed, 1 s',
      touches,
      inject: async ({ stack }) => {
        await stack.postgres.kill();
        await sleep(1000);
        await stack.postgres.restart();
      },
    },
    {
      name: 'PostgreSQL stopped, 1 s',
      touches,
      inject: async ({ stack }) => {
        await stack.postgres.stop();
        await sleep(1000);
        await stack.postgres.restart();
      },
    },
    {
      name: 'connections to PostgreSQL terminated 5 times',
      touches,
      inject: ({ stack }) =>
        withSql(stack.postgres.url, async (sql) => {
          for (let times = 0; times < 5; times++) {
            await terminateAll(sql);
            await sleep(200);
          }
        }),
    },
    {
      name: 'PostgreSQL out of connections, 2 s',
      touches,
      inject: ({ stack }) =>
        withSql(stack.postgres.url, (sql) => takeAllConnections(sql, stack.postgres.url)),
    },
    {
      name: 'urls locked, 3 s',
      touches,
      inject: ({ stack }) =>
        withSql(stack.postgres.url, (sql) =>
          sql.begin(async (transaction) => {
            await transaction`lock table links in access exclusive mode`;
            await sleep(3000);
          }),
        ),
    },
    {
      name: 'visit-writer in a deadlock',
      // It takes visits that come and a writer that writes.
      touches: ['postgres', 'visit-writer', 'rabbitmq', 'redirect'],
      inject: ({ stack }) => withSql(stack.postgres.url, forceDeadlock),
    },
    {
      name: 'disk of PostgreSQL full for visits, 2 s',
      touches,
      inject: ({ stack }) =>
        withSql(stack.postgres.url, async (sql) => {
          // What the server says when it is so, under the same code.
          await sql.unsafe(`
            create function no_space() returns trigger language plpgsql as $$ begin
              raise exception 'could not extend file: No space left on device' using errcode = '53100';
            end $$;
            create trigger no_space before insert on visits for each statement execute function no_space();
          `);
          await sleep(2000);
          await sql.unsafe('drop trigger no_space on visits; drop function no_space()');
        }),
    },
    {
      name: 'RabbitMQ, Redis and PostgreSQL killed, 2 s',
      touches: ['rabbitmq', 'redis', 'postgres'],
      inject: async ({ stack }) => {
        const all = [stack.rabbitmq, stack.redis, stack.postgres];
        await Promise.all(all.map((part) => part.kill()));
        await sleep(2000);
        await Promise.all(all.map((part) => part.restart()));
      },
    },
  ];
}

function journal(): Fault[] {
  const touches = ['redirect'];
  return [
    {
      name: 'disk of the journal full, 2 s',
      touches,
      inject: async (deployment) => {
        const pid = String(deployment.running('redirect')[0]?.pid);
        // The kernel then refuses every write that would make a file longer, as it does on a full disk.
        await run('prlimit', ['--pid', pid, '--fsize=0:unlimited']);
        await sleep(2000);
        await run('prlimit', ['--pid', pid, '--fsize=unlimited:unlimited']);
      },
    },
    {
      name: 'folder of the journal gone, then RabbitMQ and redirect killed',
      touches: [...touches, 'rabbitmq', 'redirect'],
      visitorsMaySee: ['broken'],
      inject: async (deployment) => {
        await deployment.stack.rabbitmq.kill();
        await sleep(300);
        await rm(deployment.journalDirectory, { recursive: true });
        await sleep(2000);
        await deployment.replace('redirect', 'SIGKILL');
        await deployment.stack.rabbitmq.restart();
      },
    },
    {
      name: 'folder of the journal gone, 2 s',
      touches,
      inject: async ({ journalDirectory }) => {
        await rename(journalDirectory, `${journalDirectory}-gone`);
        await sleep(2000);
        await rm(`${journalDirectory}-gone`, { recursive: true });
      },
    },
  ];
}

function messages(): Fault[] {
  return [
    {
      name: 'every message twice and in any order, 2 s',
      touches: ['visit-writer', 'rabbitmq'],
      inject: async (deployment) => {
        const [writer] = deployment.running('visit-writer');
        await deployment.end('visit-writer', writer ?? assert.fail('No visit-writer is running.'), 'SIGTERM');
        await sleep(2000);
        await withBroker(deployment.stack.rabbitmq.url, shuffleQueueTwice);
        await deployment.start('visit-writer');
      },
    },
    {
      name: '10,000 messages that are no visits',
      touches: ['rabbitmq'],
      inject: ({ stack }) => withBroker(stack.rabbitmq.url, pollute),
    },
  ];
}

async function withOneMore(deployment: Deployment, worker: Worker, work: () => Promise<void>): Promise<void> {
  await deployment.start(worker);
  try {
    await work();
  } finally {
    const [oldest] = deployment.running(worker);
    if (oldest) await deployment.end(worker, oldest, 'SIGTERM');
  }
}

async function standStill(deployment: Deployment, worker: Worker, ms: number): Promise<void> {
  await withOneMore(deployment, worker, () =>
    whileStopped(
      deployment.running(worker).map(({ pid }) => pid),
      ms,
    ),
  );
}

async function whileStopped(pids: readonly (number | undefined)[], ms: number): Promise<void> {
  const running = pids.map((pid) => pid ?? assert.fail('It does not run.'));
  for (const pid of running) process.kill(pid, 'SIGSTOP');
  await sleep(ms);
  for (const pid of running) process.kill(pid, 'SIGCONT');
}

async function during(fault: () => void, ms: number, heal: () => void): Promise<void> {
  fault();
  await sleep(ms);
  heal();
}

async function flush({ url }: FunctionProcess): Promise<void> {
  const response = await fetch(`${url}/.events`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ task: 'flush' }),
  });
  // It says so when a part does not answer just then.
  assert.ok([200, 503].includes(response.status), `a flush was answered with ${response.status}`);
}

async function tellRedis(url: string, command: string[]): Promise<void> {
  const client = await createClient({ url }).connect();
  await client.sendCommand(command);
  await client.close();
}

function terminateAll(sql: postgres.Sql): Promise<unknown> {
  return sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name like 'terse-%' and pid <> pg_backend_pid()
  `;
}

async function takeAllConnections(sql: postgres.Sql, url: string): Promise<void> {
  const [{ max_connections: max } = { max_connections: '0' }] = await sql<
    { max_connections: string }[]
  >`show max_connections`;
  const taken = Array.from({ length: Number(max) }, () =>
    postgres(url, { max: 1, onnotice: () => {}, connection: { application_name: 'greedy' } }),
  );
  const until = performance.now() + 2000;
  while (performance.now() < until) {
    await Promise.allSettled(taken.map((each) => each`select 1`));
    await terminateAll(sql);
  }
  await Promise.all(taken.map((each) => each.end()));
}

/** Holds what the writer needs last, waits until it holds what comes first, and asks for that. */
async function forceDeadlock(sql: postgres.Sql): Promise<void> {
  const deadlocks = async () => {
    const [row] = await sql<{ deadlocks: number }[]>`
      select deadlocks::int from pg_stat_database where datname = current_database()
    `;
    return row?.deadlocks ?? 0;
  };
  const before = await deadlocks();
  for (let attempt = 0; attempt < 5 && (await deadlocks()) === before; attempt++) {
    await sql
      .begin(async (transaction) => {
        // Which of them the writer takes first is the planner's to choose.
        const tables = ['visits', 'rollup_deltas'];
        const [first, second] = attempt % 2 === 0 ? tables : tables.toReversed();
        await transaction.unsafe(`lock table ${first} in share mode`);
        // Less than the second after which the writer asks whether it is in a deadlock.
        await sleep(600);
        await transaction.unsafe(`lock table ${second} in share mode`);
      })
      // One of the two is the victim, and it may be this one.
      .catch(() => {});
    // The server tells its statistics once a second.
    await sleep(1000);
  }
  assert.ok((await deadlocks()) > before, 'there was no deadlock');
}

async function shuffleQueueTwice(connection: Connection): Promise<void> {
  const channel = await connection.acquire();
  const publisher = connection.createPublisher({ confirm: true });
  // Those that are there now: more are coming all the time.
  const { messageCount } = await connection.queueDeclare({ queue: 'visits', passive: true });
  assert.ok(messageCount > 0, 'the queue was empty');
  const taken = await Promise.all(Array.from({ length: messageCount }, () => channel.basicGet('visits')));
  const messages = taken.filter((message) => message !== undefined);
  const twice = [...messages, ...messages]
    .map((message) => ({ body: Buffer.from(messageText(message)), order: Math.random() }))
    .toSorted((a, b) => a.order - b.order);
  await Promise.all(twice.map(({ body }) => publisher.send({ routingKey: 'visits', durable: true }, body)));
  for (const { deliveryTag } of messages) channel.basicAck({ deliveryTag });
  await publisher.close();
  await channel.close();
}

const NO_VISITS: readonly { body: string; letters: number }[] = [
  { body: '{', letters: 1 },
  { body: '[1,null,"x"]', letters: 3 },
  { body: '{"id":1}', letters: 1 },
  { body: '[]', letters: 0 },
  { body: `[{"id":"${'x'.repeat(1000)}"}]`, letters: 1 },
];
const OVERSIZED = Buffer.alloc(5_000_000, 'x');
const OVERSIZED_TIMES = 5;
const ROUNDS = 2000;
const AT_ONCE = 20;

async function pollute(connection: Connection): Promise<void> {
  const deadLetters = async () =>
    (await connection.queueDeclare({ queue: 'visits.dead', passive: true })).messageCount;
  const publisher = connection.createPublisher({ confirm: true });
  const before = await deadLetters();
  for (let sent = 0; sent < ROUNDS; sent += AT_ONCE) {
    const some = Array.from({ length: AT_ONCE }, () => NO_VISITS).flat();
    await Promise.all(
      some.map(({ body }) =>
        publisher.send({ routingKey: 'visits', headers: { 'x-from': 'elsewhere' } }, Buffer.from(body)),
      ),
    );
    if (sent % (ROUNDS / OVERSIZED_TIMES) === 0) await publisher.send({ routingKey: 'visits' }, OVERSIZED);
  }
  await publisher.close();
  const letters = NO_VISITS.reduce((sum, each) => sum + each.letters, 0);
  const expected = ROUNDS * letters + OVERSIZED_TIMES;
  await eventually(async () => {
    const set = (await deadLetters()) - before;
    // A writer that is killed between storing and acknowledging sets them aside once more.
    assert.ok(set >= expected, `${set} of ${expected} were set aside`);
  }, 60_000);
  await connection.queuePurge({ queue: 'visits.dead' });
}

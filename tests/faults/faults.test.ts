import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@redis/client';
import postgres from 'postgres';
import { Connection } from 'rabbitmq-client';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { describeOnRealParts } from '../on-real-parts.ts';
import { API_KEY, type House, openHouse } from './house.ts';
import { referrerOf, sendVisitors } from './visitors.ts';

const PER_SECOND = 200;
const QUIET_MS = 60_000;

describeOnRealParts('under a fault, every answered visit is stored once and counted once:', () => {
  let house: House;
  let sql: postgres.Sql;
  const table: string[] = [];

  beforeAll(async () => {
    house = await openHouse();
    sql = postgres(house.stack.postgres.url, { max: 1, onnotice: () => {} });
  });
  afterAll(async () => {
    process.stdout.write(`\n${table.join('\n')}\n\n`);
    await sql.end();
    await house.close();
  });

  const createLink = () =>
    fetch(`${house.links.url}/api/v1/links`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${API_KEY}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ original_url: 'https://example.com/' }),
    });

  let code: string;
  beforeEach(async () => {
    const response = await vi.waitFor(
      async () => {
        const answer = await createLink();
        if (!answer.ok) throw new Error(`No link could be made: ${answer.status}`);
        return answer;
      },
      { timeout: 15_000, interval: 200 },
    );
    ({ short_code: code } = (await response.json()) as { short_code: string });
  });

  /** Sends visitors, does harm, heals, and compares what was answered with what is stored and what is counted. */
  async function survive(
    name: string,
    harm: () => Promise<void>,
    mayRefuse: readonly string[] = [],
  ): Promise<void> {
    const [redirect] = house.running('redirect');
    const visitors = sendVisitors({ url: `${redirect?.url ?? ''}/${code}`, perSecond: PER_SECOND });
    await sleep(500);
    await harm();
    await sleep(1000);
    const { answered, refused, p50Ms, p99Ms } = await visitors.stop();
    const expected = [...answered].map(referrerOf).toSorted();

    await vi.waitFor(
      async () => {
        const rows = await sql<
          { referrer: string }[]
        >`select referrer from visits where short_code = ${code}`;
        const stored = rows.map(({ referrer }) => referrer).toSorted();
        // A visit whose answer did not arrive may be stored: the visitor's end of the connection is what broke.
        const surplus = new Set(stored).difference(new Set(expected)).size;
        expect(new Set(stored).size).toBe(stored.length);
        expect(new Set(expected).difference(new Set(stored)).size).toBe(0);
        expect(surplus).toBeLessThanOrEqual(refused.get('broken') ?? 0);
      },
      { timeout: QUIET_MS, interval: 250 },
    );
    // Counts that were on their way during the fault arrive when the redirect tries again, two seconds later at most.
    const counted = await vi.waitFor(
      async () => {
        await maintain();
        const [row] = await sql<{ visit_count: number; visits: number }[]>`
          select u.visit_count::int, (select count(*)::int from visits v where v.short_code = u.short_code) as visits
          from urls u where u.short_code = ${code}
        `;
        expect(row?.visit_count).toBe(row?.visits);
        return row;
      },
      { timeout: QUIET_MS, interval: 250 },
    );
    const others = [...refused].map(([status, times]) => `${status}: ${times}`).join(', ') || 'none';
    table.push(
      `| ${name} | ${answered.size} | ${counted?.visits} | ${counted?.visit_count} | ${others} | ${p50Ms.toFixed(1)} | ${p99Ms.toFixed(1)} |`,
    );
    expect(answered.size).toBeGreaterThan(PER_SECOND);
    expect([...refused.keys()].filter((status) => !mayRefuse.includes(status))).toEqual([]);
  }

  /** Brings counts in line with the rollups, as the hourly tick does. */
  async function maintain(): Promise<void> {
    const [flush] = house.running('counter-flush');
    await vi.waitFor(
      async () => {
        const answer = await fetch(`${flush?.url ?? ''}/.events`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ task: 'maintain', settle_ms: 1500 }),
        });
        expect(answer.status).toBe(200);
      },
      { timeout: 15_000, interval: 250 },
    );
  }

  table.push(
    '| fault | answered | stored | counted | other answers | p50 ms | p99 ms |',
    '|---|---|---|---|---|---|---|',
  );

  test('none', () => survive('none', () => sleep(1000)));

  test('visit-writers are killed in the middle of their work', () =>
    survive('visit-writer killed 3 times, 2 running', async () => {
      await house.start('visit-writer');
      for (let kills = 0; kills < 3; kills++) {
        await house.replace('visit-writer');
        await sleep(300);
      }
    }));

  test('a visit-writer stands still, and goes on', () =>
    survive('visit-writer stopped 2 s', async () => {
      const pids = house.running('visit-writer').map(({ pid }) => pid ?? 0);
      for (const pid of pids) process.kill(pid, 'SIGSTOP');
      await sleep(2000);
      for (const pid of pids) process.kill(pid, 'SIGCONT');
    }));

  test('counter-flushes are killed in the middle of their work', () =>
    survive('counter-flush killed 5 times, 2 running', async () => {
      await house.start('counter-flush');
      for (let kills = 0; kills < 5; kills++) {
        await house.replace('counter-flush');
        await sleep(200);
      }
    }));

  test('the redirect is killed and started again', () =>
    survive(
      'redirect killed twice',
      async () => {
        for (let kills = 0; kills < 2; kills++) {
          await house.replace('redirect');
          await sleep(700);
        }
      },
      ['broken'],
    ));

  test('RabbitMQ is killed and started again', () =>
    survive('RabbitMQ killed, 5 s', async () => {
      await house.stack.rabbitmq.kill();
      await house.stack.rabbitmq.restart();
    }));

  test('the redirect is killed while RabbitMQ is down', () =>
    survive(
      'RabbitMQ and redirect killed',
      async () => {
        await house.stack.rabbitmq.kill();
        await sleep(300);
        await house.replace('redirect');
        await house.stack.rabbitmq.restart();
      },
      ['broken'],
    ));

  test('Redis is killed and started again', () =>
    survive('Redis killed, 1 s', async () => {
      await house.stack.redis.kill();
      expect((await createLink()).status).toBe(201);
      await sleep(1000);
      await house.stack.redis.restart();
    }));

  test('Redis loses all that it had', () =>
    survive('Redis FLUSHALL', async () => {
      const client = await createClient({ url: house.stack.redis.url }).connect();
      await client.sendCommand(['FLUSHALL']);
      await client.sendCommand(['CLIENT', 'PAUSE', '1000', 'ALL']);
      await client.close();
      await sleep(1000);
    }));

  test('PostgreSQL is killed and started again', () =>
    survive('PostgreSQL killed, 1 s', async () => {
      await house.stack.postgres.kill();
      const answer = await createLink();
      expect([answer.status, answer.headers.get('Retry-After')]).toEqual([503, '2']);
      await sleep(1000);
      await house.stack.postgres.restart();
    }));

  test('every connection to PostgreSQL is cut, again and again', () =>
    survive('PostgreSQL connections cut 5 times', async () => {
      const admin = postgres(house.stack.postgres.url, { max: 1, onnotice: () => {} });
      for (let cuts = 0; cuts < 5; cuts++) {
        await admin`
          select pg_terminate_backend(pid) from pg_stat_activity
          where application_name like 'terse-%' and pid <> pg_backend_pid()
        `;
        await sleep(200);
      }
      await admin.end();
    }));

  test('everything behind the redirect is down', () =>
    survive('RabbitMQ, Redis and PostgreSQL killed', async () => {
      await Promise.all([house.stack.rabbitmq.kill(), house.stack.redis.kill(), house.stack.postgres.kill()]);
      await sleep(2000);
      await Promise.all([
        house.stack.rabbitmq.restart(),
        house.stack.redis.restart(),
        house.stack.postgres.restart(),
      ]);
    }));

  test('the queue is full of what are no visits', () =>
    survive('2,000 foreign messages', async () => {
      const connection = new Connection(house.stack.rabbitmq.url);
      const publisher = connection.createPublisher({ confirm: true });
      const bodies = ['{', '[1,null,"x"]', '{"id":1}', '[]', `[{"id":"${'x'.repeat(1000)}"}]`];
      const before = await deadLetters(connection);
      for (let sent = 0; sent < 2000; sent += 100) {
        const batch = Array.from({ length: 100 }, (_, index) => bodies[(sent + index) % bodies.length] ?? '');
        await Promise.all(batch.map((body) => publisher.send({ routingKey: 'visits' }, Buffer.from(body))));
      }
      // Three of the five are one dead letter each, one is three, and one is an empty list.
      await vi.waitFor(async () => expect((await deadLetters(connection)) - before).toBe(400 * 6), 20_000);
      await publisher.close();
      await connection.close();
    }));
});

async function deadLetters(connection: Connection): Promise<number> {
  const { messageCount } = await connection.queueDeclare({ queue: 'visits.dead', passive: true });
  return messageCount;
}

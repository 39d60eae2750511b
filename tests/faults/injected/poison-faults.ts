import assert from 'node:assert/strict';
import { openDeadLetterBox } from '@terse/queue/rabbitmq-dead-letters';
import { v7 as uuidv7 } from 'uuid';
import type { Connection } from 'rabbitmq-client';
import { eventually } from '../../../harness/eventually.ts';
import { withBroker, withSql } from '../../../harness/servers/connections.ts';
import type { FaultyDeployment } from '../faulty-deployment.ts';
import type { Fault } from './fault.ts';
import { countIn } from './queue-contents.ts';

const MESSAGES = 40;
const VISITS_PER_MESSAGE = 10;

/** Messages that could block every writer. Their codes never were links, so their visits are orphan visits. */
export const POISON_FAULTS: readonly Fault[] = [
  {
    name: 'visits with one id in two spellings, in every message',
    touches: ['rabbitmq', 'postgres'],
    inject: async ({ stack }) => {
      const code = newCode('spelled');
      const messages = Array.from({ length: MESSAGES }, () => {
        const one = visit(code);
        return [one, { ...one, id: one.id.toUpperCase() }];
      });
      await withBroker(stack.rabbitmq.url, async (connection) => {
        await publish(connection, [...messages, ...messages]);
      });
      await expectOrphans(stack.postgres.url, code, MESSAGES);
    },
  },
  {
    name: 'visits that the database refuses, one in each message, then sent again',
    touches: ['rabbitmq', 'postgres'],
    inject: async (deployment) => {
      const { stack } = deployment;
      const code = newCode('refused');
      const messages = Array.from({ length: MESSAGES }, () =>
        Array.from({ length: VISITS_PER_MESSAGE }, (_, index) => visit(code, index === 3 ? 'ZZ' : 'DE')),
      );
      await withSql(stack.postgres.url, async (sql) => {
        await sql`alter table orphan_visits add constraint no_zz check (country <> 'ZZ') not valid`;
        await withBroker(stack.rabbitmq.url, async (connection) => {
          const before = await countIn(connection, 'visits.dead');
          await publish(connection, messages);
          await eventually(async () => {
            const dead = (await countIn(connection, 'visits.dead')) - before;
            assert.ok(dead >= MESSAGES, `${dead} of ${MESSAGES} were dead-lettered`);
          }, 30_000);
        });
        await expectOrphans(stack.postgres.url, code, MESSAGES * (VISITS_PER_MESSAGE - 1));
        await sql`alter table orphan_visits drop constraint no_zz`;
      });
      await sendAgain(deployment);
      await expectOrphans(stack.postgres.url, code, MESSAGES * VISITS_PER_MESSAGE);
    },
  },
  {
    name: '400 messages that only a later release can read',
    touches: ['rabbitmq'],
    inject: async ({ stack }) => {
      const newer = Array.from({ length: 400 }, () => [{ v: 2, visit: uuidv7(), link: 'later' }]);
      await withBroker(stack.rabbitmq.url, async (connection) => {
        const dead = await countIn(connection, 'visits.dead');
        await publish(connection, newer);
        await eventually(async () => {
          const later = await countIn(connection, 'visits.later');
          assert.ok(later >= newer.length, `${later} of ${newer.length} were postponed`);
        }, 30_000);
        assert.equal(await countIn(connection, 'visits.dead'), dead, 'they were dead-lettered');
        await connection.queuePurge({ queue: 'visits.later' });
      });
    },
  },
];

/** A new code each time, because a fault may run more than once. */
function newCode(name: string): string {
  return `${name}-${uuidv7()}`;
}

function visit(code: string, country = 'DE') {
  return {
    v: 1,
    id: uuidv7(),
    short_code: code,
    ip: null,
    timestamp: Date.now(),
    user_agent: null,
    referrer: null,
    country,
    is_bot: false,
  };
}

async function publish(connection: Connection, messages: readonly unknown[]): Promise<void> {
  const publisher = connection.createPublisher({ confirm: true });
  await Promise.all(
    messages.map((message) =>
      publisher.send({ routingKey: 'visits', durable: true }, Buffer.from(JSON.stringify(message))),
    ),
  );
  await publisher.close();
}

async function expectOrphans(url: string, code: string, expected: number): Promise<void> {
  await withSql(url, async (sql) => {
    await eventually(async () => {
      const [row] = await sql<{ stored: number }[]>`
        select count(*)::int as stored from orphan_visits where short_code = ${code}
      `;
      assert.equal(row?.stored, expected, `visits of "${code}" are missing`);
    }, 30_000);
  });
}

async function sendAgain({ stack }: FaultyDeployment): Promise<void> {
  const box = await openDeadLetterBox({ url: stack.rabbitmq.url });
  try {
    assert.ok((await box.replay()) >= MESSAGES, 'too few messages were sent again');
  } finally {
    await box.close();
  }
}

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageText } from '@terse/queue/message';
import type { Connection } from 'rabbitmq-client';
import { eventually } from '../../../harness/eventually.ts';
import { withBroker } from '../../../harness/servers/connections.ts';
import type { Fault } from './fault.ts';
import { countIn } from './queue-contents.ts';

export const MESSAGE_FAULTS: readonly Fault[] = [
  {
    name: 'every message twice and in any order, 2 s',
    touches: ['visit-writer', 'rabbitmq'],
    inject: async (deployment) => {
      const [writer] = deployment.running('visit-writer');
      assert.ok(writer, 'No visit-writer is running.');
      await writer.end('SIGTERM');
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

async function shuffleQueueTwice(connection: Connection): Promise<void> {
  const channel = await connection.acquire();
  const publisher = connection.createPublisher({ confirm: true });
  // Only the messages that are there now: more arrive all the time.
  const waiting = await countIn(connection, 'visits');
  assert.ok(waiting > 0, 'the queue was empty');
  const taken = await Promise.all(Array.from({ length: waiting }, () => channel.basicGet('visits')));
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
  const publisher = connection.createPublisher({ confirm: true });
  const before = await countIn(connection, 'visits.dead');
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
    const dead = (await countIn(connection, 'visits.dead')) - before;
    // A writer that is killed between storing and acknowledging dead-letters them once more.
    assert.ok(dead >= expected, `${dead} of ${expected} were dead-lettered`);
  }, 60_000);
  await connection.queuePurge({ queue: 'visits.dead' });
}

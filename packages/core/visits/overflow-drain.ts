import type { Metrics } from '../metrics.ts';
import type { Outbox, Publisher } from './ports.ts';

/** Publishes what redirects left in the outbox. Any number may run at once: a visit is stored once. */
export interface OutboxDrain {
  /**
   * Moves what is in the outbox now, up to a bound; the rest is for the next call.
   * @returns how many messages were moved.
   * @throws Error when the outbox or the queue does not answer; what was not moved stays.
   */
  drain(): Promise<number>;
}

export interface OutboxDrainOptions {
  readonly outbox: Pick<Outbox, 'peek' | 'remove'>;
  readonly publisher: Publisher;
  readonly metrics: Pick<Metrics, 'outboxDrained'>;
}

const MESSAGES_AT_ONCE = 32;
const MAX_ROUNDS = 100;

export function createOutboxDrain({ outbox, publisher, metrics }: OutboxDrainOptions): OutboxDrain {
  async function moveSome(): Promise<number> {
    const messages = await outbox.peek(MESSAGES_AT_ONCE);
    await Promise.all(messages.map(({ body }) => publisher.publish(body)));
    await outbox.remove(messages.map(({ id }) => id));
    metrics.outboxDrained(messages.length);
    return messages.length;
  }

  return {
    drain: async () => {
      let moved = 0;
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const some = await moveSome();
        moved += some;
        if (some < MESSAGES_AT_ONCE) break;
      }
      return moved;
    },
  };
}

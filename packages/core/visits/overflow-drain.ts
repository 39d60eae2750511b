import type { Metrics } from '../metrics.ts';
import type { OverflowQueue, Publisher } from './ports.ts';

/** Publishes the messages of the overflow queue. Any number may run at once: a visit is stored once. */
export interface OverflowDrain {
  /**
   * Moves messages from the overflow queue to the queue, up to a bound; the next call moves the rest.
   * @returns how many messages were moved.
   * @throws Error when either queue does not answer. Messages that were not moved stay.
   */
  drain(): Promise<number>;
}

export interface OverflowDrainOptions {
  readonly overflow: Pick<OverflowQueue, 'peek' | 'remove'>;
  readonly publisher: Publisher;
  readonly metrics: Pick<Metrics, 'overflowDrained'>;
}

const MESSAGES_AT_ONCE = 32;
const MAX_ROUNDS = 100;

export function createOverflowDrain({ overflow, publisher, metrics }: OverflowDrainOptions): OverflowDrain {
  async function moveSome(): Promise<number> {
    const messages = await overflow.peek(MESSAGES_AT_ONCE);
    await Promise.all(messages.map(({ body }) => publisher.publish(body)));
    await overflow.remove(messages.map(({ id }) => id));
    metrics.overflowDrained(messages.length);
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

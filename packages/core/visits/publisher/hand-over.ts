import type { Clock } from '@terse/platform/clock';
import type { OverflowQueue } from '../ports.ts';

/** A message that neither the queue nor the overflow has confirmed. */
export interface Unanswered {
  readonly body: { toString(): string };
  /** Whether one of them has confirmed it meanwhile. */
  isDone(): boolean;
  /** Called when the overflow has it. */
  done(): void;
}

export interface HandOverOptions {
  readonly overflow: Pick<OverflowQueue, 'add'>;
  readonly clock: Pick<Clock, 'sleep'>;
  /** Pulled one at a time, so that the journal is read no faster than the overflow takes messages. */
  readonly messages: AsyncIterator<Unanswered, void>;
  /** Whether the time is up. */
  readonly isOver: () => boolean;
}

const AT_ONCE = 8;
const RETRY_MS = 100;

/**
 * Gives the overflow what the queue has not taken, until all of it is there or the time is up. Tries a message again
 * that the overflow refuses, because it may be down for a moment, or full until it is drained.
 */
export async function handOver({ overflow, clock, messages, isOver }: HandOverOptions): Promise<void> {
  async function give(message: Unanswered): Promise<void> {
    while (!message.isDone() && !isOver()) {
      try {
        await overflow.add(message.body.toString());
        message.done();
      } catch {
        await clock.sleep(RETRY_MS);
      }
    }
  }

  async function work(): Promise<void> {
    while (!isOver()) {
      const next = await messages.next();
      if (next.done) return;
      await give(next.value);
    }
  }

  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

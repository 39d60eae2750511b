import type { Clock } from '@terse/platform/clock';
import type { OverflowQueue } from '../ports.ts';

/** A message that neither the queue nor the overflow queue has confirmed. */
export interface Unanswered {
  readonly body: { toString(): string };
  /** Whether one of them has confirmed it meanwhile. */
  isDone(): boolean;
  /** Called when the overflow queue has it. */
  done(): void;
}

export interface MoveToOverflowOptions {
  readonly overflow: Pick<OverflowQueue, 'add'>;
  readonly clock: Pick<Clock, 'sleep'>;
  /** Pulled one at a time, so that the journal is read no faster than the overflow queue takes messages. */
  readonly messages: AsyncIterator<Unanswered, void>;
  /** Whether the time is up. */
  readonly isOver: () => boolean;
}

const AT_ONCE = 8;
const RETRY_MS = 100;

/**
 * Moves messages that the queue has not taken to the overflow queue, until all are there or the time is up. It tries a
 * refused message again: the overflow queue may be down for a moment, or full until it is drained.
 */
export async function moveToOverflow({
  overflow,
  clock,
  messages,
  isOver,
}: MoveToOverflowOptions): Promise<void> {
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

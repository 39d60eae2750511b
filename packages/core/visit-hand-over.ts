import type { Outbox } from '@terse/cache/outbox';
import type { Clock } from './clock.ts';

/** A message that nobody has answered for. */
export interface Unanswered {
  readonly body: { toString(): string };
  /** Whether somebody has meanwhile. */
  isDone(): boolean;
  /** The outbox has it. */
  done(): void;
}

export interface HandOverOptions {
  readonly outbox: Pick<Outbox, 'add'>;
  readonly clock: Pick<Clock, 'sleep'>;
  /** Asked for the next one when there is a hand free: so what lies on disk is read as the outbox takes it. */
  readonly messages: AsyncIterator<Unanswered, void>;
  /** Whether the time is up. */
  readonly isOver: () => boolean;
}

const AT_ONCE = 8;
const RETRY_MS = 100;

/**
 * Gives the outbox what the queue has not taken, until all of it is there or the time is up. One that the outbox does not take
 * is tried again: it may be down for a moment, and full for as long as nobody drains it.
 */
export async function handOver({ outbox, clock, messages, isOver }: HandOverOptions): Promise<void> {
  async function give(message: Unanswered): Promise<void> {
    while (!message.isDone() && !isOver()) {
      try {
        await outbox.add(message.body.toString());
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

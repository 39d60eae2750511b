/** A call that took too long. */
export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError';
}

/** Waits for a call, but no longer than the limit. */
export type TimeLimit = <T>(call: Promise<T>) => Promise<T>;

interface Waiting {
  readonly untilTick: number;
  /** None when the call has ended: what it gave must not be kept until its time would have been up. */
  giveUp: (() => void) | undefined;
}

const TICKS = 10;

/**
 * Fails calls that take longer than `ms`, or up to a tenth less. What counts is time in which this process could have
 * read the answer: while it is busy with something else for long, such as a thousand visitors who come at once to a
 * process that has just started, an answer may lie there unread, and says nothing about the part that gave it.
 */
export function createTimeLimit(ms: number): TimeLimit {
  /** In the order in which their time is up. */
  const waiting: Waiting[] = [];
  let ticks = 0;
  let timer: NodeJS.Timeout | undefined;

  /** Does not keep the process alive: what a call waits for does. */
  const nextTick = () => setTimeout(tick, ms / TICKS).unref();

  /** A tick that comes late counts once. */
  function tick(): void {
    ticks++;
    const kept = waiting.findIndex(({ untilTick }) => untilTick > ticks);
    for (const call of waiting.splice(0, kept === -1 ? waiting.length : kept)) {
      call.giveUp?.();
    }
    timer = waiting.length > 0 ? nextTick() : undefined;
  }

  return (call) =>
    new Promise((resolve, reject) => {
      const own: Waiting = {
        untilTick: ticks + TICKS,
        giveUp: () => reject(new TimeLimitError(`The call timed out after ${ms} ms.`)),
      };
      waiting.push(own);
      timer ??= nextTick();
      call.then(
        (value) => {
          own.giveUp = undefined;
          resolve(value);
        },
        (error: unknown) => {
          own.giveUp = undefined;
          reject(error);
        },
      );
    });
}

/** A call that took too long. */
export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError';
}

/** Waits for a call, but no longer than the limit. */
export type TimeLimit = <T>(call: Promise<T>) => Promise<T>;

interface Waiting {
  readonly untilTick: number;
  /** `undefined` once the call has ended, so that its result is not held until the limit. */
  giveUp: (() => void) | undefined;
}

const TICKS = 10;

/**
 * Fails calls that take longer than `ms`, or up to a tenth less. Only time in which this process could read the answer
 * counts. While the process is busy for long, such as with a thousand visitors just after its start, an answer may
 * wait unread, which says nothing about the service that gave it.
 */
export function createTimeLimit(ms: number): TimeLimit {
  /** Calls in the order in which their time ends. */
  const waiting: Waiting[] = [];
  let ticks = 0;
  let timer: NodeJS.Timeout | undefined;

  /** The timer does not keep the process alive; the call does. */
  const nextTick = () => setTimeout(tick, ms / TICKS).unref();

  /** A tick that comes late counts once. */
  function tick(): void {
    ticks++;
    const firstInTime = waiting.findIndex(({ untilTick }) => untilTick > ticks);
    for (const call of waiting.splice(0, firstInTime === -1 ? waiting.length : firstInTime)) {
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

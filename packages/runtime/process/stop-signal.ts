import type { Clock } from '@terse/platform/clock';

const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** The part of `process` that this module needs. */
export interface Signalled {
  on(signal: (typeof STOP_SIGNALS)[number], listener: () => void): unknown;
  exit(code: number): void;
}

/** Supervisors signal all processes of a service, and npm passes the signal on: the same signal comes twice. */
const SAME_SIGNAL_MS = 1000;
const INTERRUPTED = 130;

/**
 * Resolves at the first SIGTERM or SIGINT. A SIGINT more than a second later comes from a person who does not wait for
 * a clean stop, and ends the process at once.
 */
export function untilToldToStop(process: Signalled, clock: Pick<Clock, 'monotonic'>): Promise<void> {
  return new Promise((resolve) => {
    let toldAt: number | undefined;
    for (const signal of STOP_SIGNALS) {
      process.on(signal, () => {
        toldAt ??= clock.monotonic();
        resolve();
        const isImpatient = signal === 'SIGINT' && clock.monotonic() - toldAt > SAME_SIGNAL_MS;
        if (isImpatient) process.exit(INTERRUPTED);
      });
    }
  });
}

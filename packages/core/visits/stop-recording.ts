import type { Clock } from '@terse/platform/clock';
import type { VisitCounter } from '../counts/visit-counter.ts';
import type { Metrics } from '../metrics.ts';
import type { Journal, OverflowQueue } from './ports.ts';
import type { VisitPublisher } from './publisher/visit-publisher.ts';

/** Visits that neither the queue nor the overflow queue took before the process ended. */
export interface VisitsLeft {
  /** How many are on the disk of the journal only; if that disk goes with the process, they are lost. */
  readonly onDisk: number;
  /** The size of unread segments from earlier processes, whose number of visits is unknown. */
  readonly unreadBytes: number;
  /** How many are lost. */
  readonly dropped: number;
}

export interface StopRecordingOptions {
  readonly publisher: Pick<VisitPublisher, 'drained' | 'stopRestoring' | 'moveToOverflow' | 'unsaved'>;
  readonly visitCounter: Pick<VisitCounter, 'flushed'>;
  readonly journal: Pick<Journal, 'close'> | undefined;
  readonly overflow: Pick<OverflowQueue, 'add'> | undefined;
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>;
  readonly metrics: Pick<Metrics, 'visitsDropped' | 'visitsLeftOnDisk'>;
}

/**
 * Waits until all visits are published and counted, at most until the deadline, and closes the journal.
 *
 * | state    | lasts at most                                   | a message that the queue has not taken            |
 * | -------- | ----------------------------------------------- | ------------------------------------------------- |
 * | draining | half of the time; all without an overflow queue | is tried again                                    |
 * | moving   | the rest of the time                            | goes to the overflow queue, also from the journal |
 * | closed   |                                                 | stays in the journal, or is dropped               |
 */
export async function stopRecording(options: StopRecordingOptions, deadlineMs: number): Promise<VisitsLeft> {
  const { publisher, visitCounter, journal, overflow, clock, metrics } = options;
  const endsAt = clock.monotonic() + deadlineMs;
  const msLeft = () => Math.max(endsAt - clock.monotonic(), 0);
  const counted = visitCounter.flushed();
  // Without an overflow queue, the next process reads the rest from the disk.
  if (!overflow) await publisher.stopRestoring();
  await Promise.race([
    Promise.all([publisher.drained(), counted]),
    clock.sleep(overflow ? deadlineMs / 2 : deadlineMs),
  ]);
  await publisher.stopRestoring();
  await Promise.race([
    Promise.all([publisher.moveToOverflow(() => msLeft() === 0), overflow && counted]),
    clock.sleep(msLeft()),
  ]);
  const rest = journal?.close() ?? { records: 0, unreadBytes: 0 };
  const dropped = publisher.unsaved();
  if (dropped > 0) metrics.visitsDropped('shutdown', dropped);
  if (rest.records > 0) metrics.visitsLeftOnDisk(rest.records);
  return { onDisk: rest.records, unreadBytes: rest.unreadBytes, dropped };
}

import type { Metrics } from './metrics.ts';

/** Metrics that do nothing. A test spies on one with `vi.spyOn`. */
export function createTestMetrics(): Metrics {
  const ignore = () => {};
  return {
    redirected: ignore,
    resolved: ignore,
    cacheFailed: ignore,
    requestShed: ignore,
    visitsRecorded: ignore,
    visitsDropped: ignore,
    visitsRestored: ignore,
    visitsLeftOnDisk: ignore,
    journalUnreadable: ignore,
    journalFolderLost: ignore,
    publishFailed: ignore,
    countFailed: ignore,
    visitsStored: ignore,
    visitsDuplicated: ignore,
    visitsOrphaned: ignore,
    visitsUnconfirmed: ignore,
    overflowed: ignore,
    overflowDrained: ignore,
    visitsRejected: ignore,
    visitMessagesPostponed: ignore,
    countsFlushed: ignore,
    countsReconciled: ignore,
  };
}

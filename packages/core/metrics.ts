/** What the services report of themselves. Every label has a fixed set of values. */
export interface Metrics {
  redirected(outcome: 'redirect' | 'unknown' | 'deleted' | 'expired' | 'blocked' | 'unavailable'): void;
  resolved(source: 'memory' | 'cache' | 'repository'): void;
  cacheFailed(operation: 'get' | 'put'): void;
  visitsRecorded(audience: 'people' | 'bots'): void;
  visitsDropped(reason: 'buffer_full' | 'journal_full' | 'shutdown', count: number): void;
  /** Visits of a process before this one, or that had no room in memory, taken up again. */
  visitsRestored(count: number): void;
  publishFailed(): void;
  countFailed(): void;
  visitsStored(count: number): void;
  visitsDuplicated(count: number): void;
  visitsRejected(count: number): void;
  countsFlushed(visits: number): void;
  countsReconciled(links: number): void;
}

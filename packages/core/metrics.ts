/** What the services report of themselves. Every label has a fixed set of values. */
export interface Metrics {
  redirected(outcome: 'redirect' | 'unknown' | 'deleted' | 'expired' | 'blocked' | 'unavailable'): void;
  resolved(source: 'memory' | 'cache' | 'repository'): void;
  cacheFailed(operation: 'get' | 'put'): void;
  visitsRecorded(audience: 'people' | 'bots'): void;
  visitsDropped(reason: 'buffer_full' | 'shutdown', count: number): void;
  publishFailed(): void;
  countFailed(): void;
  visitsStored(count: number): void;
  visitsDuplicated(count: number): void;
  visitsRejected(count: number): void;
  countsFlushed(visits: number): void;
  countsReconciled(links: number): void;
}

/** What the services report of themselves. Every label has a fixed set of values. */
export interface Metrics {
  redirected(outcome: 'redirect' | 'unknown' | 'deleted' | 'expired' | 'blocked' | 'unavailable'): void;
  resolved(source: 'memory' | 'cache' | 'repository'): void;
  cacheFailed(operation: 'get' | 'put'): void;
  /** A request that was turned away so that redirects are not held up. */
  requestShed(area: 'links' | 'stats'): void;
  visitsRecorded(audience: 'people' | 'bots', count: number): void;
  visitsDropped(reason: 'buffer_full' | 'journal_full' | 'journal_lost' | 'shutdown', count: number): void;
  /** Visits that only the disk of a journal has when its process ends. */
  visitsLeftOnDisk(count: number): void;
  /** What a journal could not read: segments, which were set aside, and lines, of which one is torn by each kill. */
  journalUnreadable(what: 'segment' | 'record', count: number): void;
  /** Segments that were gone from the journal's folder, or the folder itself. */
  journalFolderLost(): void;
  /** Visits of a process before this one, or that had no room in memory, taken up again. */
  visitsRestored(count: number): void;
  /** A response no longer waited for its visit, which is still on its way. */
  visitsUnconfirmed(): void;
  publishFailed(): void;
  countFailed(): void;
  visitsStored(count: number): void;
  visitsDuplicated(count: number): void;
  visitsOrphaned(count: number): void;
  visitsRejected(count: number): void;
  /** Messages that only a writer of a later release can read, each time one comes. */
  visitMessagesPostponed(count: number): void;
  /** Messages that went to the outbox instead of the queue, and those that came from there. */
  outboxed(): void;
  outboxDrained(messages: number): void;
  countsFlushed(visits: number): void;
  countsReconciled(links: number): void;
}

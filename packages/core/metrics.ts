/** What the services report of themselves. Every label has a fixed set of values. */
export interface Metrics {
  redirected(outcome: 'redirect' | 'unknown' | 'deleted' | 'expired' | 'blocked' | 'unavailable'): void;
  resolved(source: 'memory' | 'cache' | 'repository'): void;
  cacheFailed(operation: 'get' | 'put'): void;
  /** A request that was turned away so that redirects are not held up. */
  requestShed(area: 'links' | 'stats'): void;
  visitsRecorded(audience: 'people' | 'bots', count: number): void;
  visitsDropped(reason: 'buffer_full' | 'journal_full' | 'journal_lost' | 'shutdown', count: number): void;
  /** Visits that only the journal has when the process ends. */
  visitsLeftOnDisk(count: number): void;
  /** Unreadable segments of a journal, which are set aside, and unreadable lines; each kill may tear one. */
  journalUnreadable(what: 'segment' | 'record', count: number): void;
  /** The journal's folder, or segments in it, disappeared. */
  journalFolderLost(): void;
  /** Visits read back from the journal: those of an earlier process, and those that had no room in memory. */
  visitsRestored(count: number): void;
  /** A response no longer waited for its visit, which is still on its way. */
  visitsUnconfirmed(): void;
  publishFailed(): void;
  countFailed(): void;
  visitsStored(count: number): void;
  visitsDuplicated(count: number): void;
  visitsOrphaned(count: number): void;
  visitsRejected(count: number): void;
  /** Messages that only a later release can read, counted each time they come. */
  visitMessagesPostponed(count: number): void;
  /** A message went to the overflow queue instead of the queue. */
  overflowed(): void;
  /** Messages that left the overflow queue for the queue. */
  overflowDrained(messages: number): void;
  countsFlushed(visits: number): void;
  countsReconciled(links: number): void;
}

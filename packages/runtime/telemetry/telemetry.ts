import { Counter, Gauge, Registry } from 'prom-client';
import type { Metrics } from '@terse/core/metrics';
import type { StorageWatch } from '@terse/core/visits/writer/storage-watch';
import { collectProcessMetrics } from './process-metrics.ts';
import { rememberBriefly } from '../remember-briefly.ts';
import type { Journal, Backlog } from '@terse/core/visits/ports';

export interface Telemetry {
  readonly metrics: Metrics;
  /** Shows what Redis holds, as it says when it is asked; nothing while it does not answer. */
  showRedisUsedBytes(read: () => Promise<number | undefined>): void;
  /**
   * Shows how many messages are in the queue of visits and in `visits.dead`; nothing while the broker does not
   * answer.
   */
  showVisitQueue(backlog: Backlog): void;
  /** Shows how many backing services have never answered this process, because of a wrong secret or network, say. */
  showUnreachedServices(count: () => Promise<number>): void;
  /** Shows whether answered visits outlive the process. */
  showJournal(journal: Pick<Journal, 'protects'>): void;
  /** Shows how many deliveries a writer holds, and whether it stores visits. */
  showVisitStorage(backlog: Pick<Backlog, 'unacknowledged'>, watch: Pick<StorageWatch, 'isStalled'>): void;
  /** Shows how many visits are counted but not stored, as the database answers at each read. */
  showCountsAhead(read: () => Promise<number>): void;
  /** All metrics in the Prometheus text format. */
  metricsText(): Promise<string>;
}

/** Metrics with a label. */
type Labelled = {
  [Name in keyof Metrics]: Parameters<Metrics[Name]>[0] extends string ? Name : never;
}[keyof Metrics];

type LabelOf<Name extends Labelled> = Parameters<Metrics[Name]>[0];

/** Shows every label value as 0 from the start: a series whose first sample is a burst would hide the burst. */
const ZEROS = {
  redirected: { redirect: 0, unknown: 0, deleted: 0, expired: 0, blocked: 0, unavailable: 0 },
  resolved: { memory: 0, cache: 0, repository: 0 },
  cacheFailed: { get: 0, put: 0 },
  requestShed: { links: 0, stats: 0 },
  visitsRecorded: { people: 0, bots: 0 },
  visitsDropped: { buffer_full: 0, journal_full: 0, journal_lost: 0, shutdown: 0 },
  journalUnreadable: { segment: 0, record: 0 },
} as const satisfies { readonly [Name in Labelled]: Readonly<Record<LabelOf<Name>, 0>> };

/** Counts what the services report. Labels take only the values that `Metrics` names. */
export function createTelemetry(): Telemetry {
  const registry = new Registry();
  collectProcessMetrics(registry);

  const count = (name: string, help: string) => new Counter({ name, help, registers: [registry] });

  /** Reads its value when metrics are read, and is left out when the value is unknown. */
  function gauge(name: string, help: string, read: () => Promise<number | undefined>): void {
    const shown = new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const value = await read().catch(() => undefined);
        if (value === undefined) shown.remove();
        else shown.set(value);
      },
    });
  }

  /** Counted in plain numbers, which the registry asks for when it is read: a redirect counts three times. */
  function countBy<Name extends Labelled>(metric: Name, label: string, name: string, help: string) {
    const counts: Record<string, number> = { ...ZEROS[metric] };
    const counter = new Counter({
      name,
      help,
      labelNames: [label],
      registers: [registry],
      collect: () => {
        counter.reset();
        for (const [value, times] of Object.entries(counts)) counter.inc({ [label]: value }, times);
      },
    });
    return (value: LabelOf<Name>, times = 1) => {
      counts[value] = (counts[value] ?? 0) + times;
    };
  }

  const restored = count('visits_restored_total', 'Visits taken up again from the journal');
  const leftOnDisk = count(
    'visits_left_on_disk_total',
    'Visits that only the disk of the journal has when the process ends',
  );
  const foldersLost = count('journal_folders_lost_total', 'Times that what was in the journal was gone');
  const publishFailures = count(
    'visit_publish_failures_total',
    'Messages that were not confirmed and are tried again',
  );
  const countFailures = count(
    'visit_count_failures_total',
    'Counter additions that failed and are tried again',
  );
  const stored = count('visits_stored_total', 'Visits stored');
  const duplicated = count('visits_duplicated_total', 'Visits delivered again after they were stored');
  const orphaned = count('visits_orphaned_total', 'Visits of codes that never were a link, stored apart');
  const unconfirmed = count('visits_unconfirmed_total', 'Responses that waited in vain for a confirm');
  const overflowed = count('overflow_messages_added_total', 'Messages kept in the overflow');
  const overflowDrained = count(
    'overflow_messages_drained_total',
    'Messages brought from the overflow to the queue',
  );
  const rejected = count(
    'visits_rejected_total',
    'Visits and things that were none, set aside as dead letters',
  );
  const postponed = count(
    'visit_messages_postponed_total',
    'Messages that only a writer of a later release can read, put off',
  );
  const flushed = count('visit_counts_flushed_total', 'Visits added to the counts of links');
  const reconciled = count(
    'visit_counts_reconciled_total',
    'Links whose count was corrected from the rollups',
  );

  return {
    metrics: {
      redirected: countBy(
        'redirected',
        'outcome',
        'redirects_total',
        'Requests for a short code, by what came of them',
      ),
      resolved: countBy(
        'resolved',
        'source',
        'resolutions_total',
        'Short codes resolved, by where the answer was found',
      ),
      cacheFailed: countBy(
        'cacheFailed',
        'operation',
        'cache_failures_total',
        'Cache operations that failed',
      ),
      requestShed: countBy(
        'requestShed',
        'area',
        'requests_shed_total',
        'API requests turned away under pressure',
      ),
      visitsRecorded: countBy(
        'visitsRecorded',
        'audience',
        'visits_recorded_total',
        'Visits taken at the redirect',
      ),
      visitsDropped: countBy('visitsDropped', 'reason', 'visits_dropped_total', 'Visits that were given up'),
      visitsRestored: (visits) => restored.inc(visits),
      visitsLeftOnDisk: (visits) => leftOnDisk.inc(visits),
      journalUnreadable: countBy(
        'journalUnreadable',
        'what',
        'journal_unreadable_total',
        'Segments of the journal that could not be read, and lines in others that are no record',
      ),
      journalFolderLost: () => foldersLost.inc(),
      publishFailed: () => publishFailures.inc(),
      countFailed: () => countFailures.inc(),
      visitsStored: (visits) => stored.inc(visits),
      visitsDuplicated: (visits) => duplicated.inc(visits),
      visitsOrphaned: (visits) => orphaned.inc(visits),
      visitsUnconfirmed: () => unconfirmed.inc(),
      overflowed: () => overflowed.inc(),
      overflowDrained: (messages) => overflowDrained.inc(messages),
      visitsRejected: (visits) => rejected.inc(visits),
      visitMessagesPostponed: (messages) => postponed.inc(messages),
      countsFlushed: (visits) => flushed.inc(visits),
      countsReconciled: (links) => reconciled.inc(links),
    },
    showRedisUsedBytes: (read) => gauge('redis_used_bytes', 'What Redis holds', read),
    showUnreachedServices: (count) =>
      gauge(
        'backing_services_unreached',
        'Parts that have not answered this process since it started',
        count,
      ),
    showJournal: (journal) =>
      gauge(
        'journal_protects',
        '1 while visits are on the disk of the journal before they are answered',
        () => Promise.resolve(journal.protects() ? 1 : 0),
      ),
    showVisitQueue: (backlog) => {
      gauge(
        'visit_queue_ready_messages',
        'Messages of visits that no writer has been given yet',
        rememberBriefly(() => backlog.waiting()),
      );
      gauge(
        'visit_queue_dead_messages',
        'Messages that were set aside as dead letters',
        rememberBriefly(() => backlog.dead()),
      );
    },
    showVisitStorage: (backlog, watch) => {
      gauge(
        'visit_queue_unacknowledged_messages',
        'Messages of visits that this writer holds and has not dealt with',
        () => Promise.resolve(backlog.unacknowledged()),
      );
      gauge('visit_storage_stalled', '1 when visits have come for a minute and none was stored', () =>
        Promise.resolve(watch.isStalled() ? 1 : 0),
      );
    },
    showCountsAhead: (read) =>
      gauge('visit_counts_ahead', 'Visits counted a quarter of an hour ago or more, and not stored', read),
    metricsText: () => registry.metrics(),
  };
}

import { Counter, type Registry } from 'prom-client';
import type { Metrics } from '@terse/core/metrics';

/** Metrics with a label. */
type Labelled = {
  [Name in keyof Metrics]: Parameters<Metrics[Name]>[0] extends string ? Name : never;
}[keyof Metrics];

type LabelOf<Name extends Labelled> = Parameters<Metrics[Name]>[0];

interface Described {
  readonly name: string;
  readonly help: string;
}

interface DescribedByLabel<Label extends string> extends Described {
  readonly label: string;
  /** Every value, shown from the start: a series whose first sample is a burst would hide the burst. */
  readonly zeros: Readonly<Record<Label, 0>>;
}

const LABELLED = {
  redirected: {
    name: 'redirects_total',
    help: 'Requests for a short code, by their outcome',
    label: 'outcome',
    zeros: { redirect: 0, unknown: 0, deleted: 0, expired: 0, blocked: 0, unavailable: 0 },
  },
  resolved: {
    name: 'resolutions_total',
    help: 'Short codes resolved, by where the answer was found',
    label: 'source',
    zeros: { memory: 0, cache: 0, repository: 0 },
  },
  cacheFailed: {
    name: 'cache_failures_total',
    help: 'Cache operations that failed',
    label: 'operation',
    zeros: { get: 0, put: 0 },
  },
  requestShed: {
    name: 'requests_shed_total',
    help: 'API requests turned away under pressure',
    label: 'area',
    zeros: { links: 0, stats: 0 },
  },
  visitsRecorded: {
    name: 'visits_recorded_total',
    help: 'Visits that the redirect recorded',
    label: 'audience',
    zeros: { people: 0, bots: 0 },
  },
  visitsDropped: {
    name: 'visits_dropped_total',
    help: 'Visits that were lost',
    label: 'reason',
    zeros: { buffer_full: 0, journal_full: 0, journal_lost: 0, shutdown: 0 },
  },
  journalUnreadable: {
    name: 'journal_unreadable_total',
    help: 'Segments of the journal that could not be read, and lines in others that are no record',
    label: 'what',
    zeros: { segment: 0, record: 0 },
  },
} as const satisfies { readonly [Name in Labelled]: DescribedByLabel<LabelOf<Name>> };

/** Counts what the services report. Labels take only the values that `Metrics` names. */
export function createCounters(registry: Registry): Metrics {
  const registers = [registry];

  /** Counts in plain numbers, which the registry collects when it is read: a redirect counts three times. */
  function labelled<Name extends Labelled>(metric: Name) {
    const { name, help, label, zeros } = LABELLED[metric];
    const counts: Record<string, number> = { ...zeros };
    const counter = new Counter({
      name,
      help,
      labelNames: [label],
      registers,
      collect: () => {
        counter.reset();
        for (const [value, times] of Object.entries(counts)) counter.inc({ [label]: value }, times);
      },
    });
    return (value: LabelOf<Name>, times = 1) => {
      counts[value] = (counts[value] ?? 0) + times;
    };
  }

  function plain(name: string, help: string): (times?: number) => void {
    const counter = new Counter({ name, help, registers });
    return (times = 1) => counter.inc(times);
  }

  return {
    redirected: labelled('redirected'),
    resolved: labelled('resolved'),
    cacheFailed: labelled('cacheFailed'),
    requestShed: labelled('requestShed'),
    visitsRecorded: labelled('visitsRecorded'),
    visitsDropped: labelled('visitsDropped'),
    journalUnreadable: labelled('journalUnreadable'),
    visitsRestored: plain('visits_restored_total', 'Visits read back from the journal'),
    visitsLeftOnDisk: plain(
      'visits_left_on_disk_total',
      'Visits that only the journal had when the process ended',
    ),
    journalFolderLost: plain(
      'journal_folders_lost_total',
      'Times that the journal or segments of it disappeared',
    ),
    publishFailed: plain(
      'visit_publish_failures_total',
      'Messages that were not confirmed and are tried again',
    ),
    countFailed: plain('visit_count_failures_total', 'Counter additions that failed and are tried again'),
    visitsStored: plain('visits_stored_total', 'Visits stored'),
    visitsDuplicated: plain('visits_duplicated_total', 'Visits delivered again after they were stored'),
    visitsOrphaned: plain('visits_orphaned_total', 'Visits of codes that never were a link, stored apart'),
    visitsUnconfirmed: plain('visits_unconfirmed_total', 'Responses whose visit was not confirmed in time'),
    overflowed: plain('overflow_messages_added_total', 'Messages added to the overflow queue'),
    overflowDrained: plain(
      'overflow_messages_drained_total',
      'Messages moved from the overflow queue to the queue',
    ),
    visitsRejected: plain(
      'visits_rejected_total',
      'Items set aside as dead letters: no visits, or visits that the database refuses',
    ),
    visitMessagesPostponed: plain(
      'visit_messages_postponed_total',
      'Messages postponed because only a later release can read them',
    ),
    countsFlushed: plain('visit_counts_flushed_total', 'Visits added to the counts of links'),
    countsReconciled: plain(
      'visit_counts_reconciled_total',
      'Links whose count was corrected from the rollups',
    ),
  };
}

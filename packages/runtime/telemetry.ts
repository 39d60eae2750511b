import { Counter, Gauge, Registry } from 'prom-client';
import type { Metrics } from '@terse/core/metrics';
import { collectProcessMetrics } from './process-metrics.ts';

export interface Telemetry {
  readonly metrics: Metrics;
  /** Shows what Redis holds, as it says when it is asked; nothing while it does not answer. */
  showRedisUsedBytes(read: () => Promise<number | undefined>): void;
  /** All metrics in the Prometheus text format. */
  metricsText(): Promise<string>;
}

/** Counts what the services report. Labels take only the values that `Metrics` names. */
export function createTelemetry(): Telemetry {
  const registry = new Registry();
  collectProcessMetrics(registry);

  const count = (name: string, help: string) => new Counter({ name, help, registers: [registry] });

  /** Counted in plain numbers, which the registry asks for when it is read: a redirect counts three times. */
  function countBy(label: string, name: string, help: string) {
    const counts: Record<string, number> = {};
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
    return (value: string, times = 1) => {
      counts[value] = (counts[value] ?? 0) + times;
    };
  }

  const restored = count('visits_restored_total', 'Visits taken up again from the journal');
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
  const outboxed = count('outbox_messages_added_total', 'Messages kept in the outbox');
  const outboxDrained = count(
    'outbox_messages_drained_total',
    'Messages brought from the outbox to the queue',
  );
  const rejected = count('visits_rejected_total', 'Things in the queue that were not visits');
  const flushed = count('visit_counts_flushed_total', 'Visits added to the counts of links');
  const reconciled = count(
    'visit_counts_reconciled_total',
    'Links whose count was corrected from the rollups',
  );

  return {
    metrics: {
      redirected: countBy('outcome', 'redirects_total', 'Requests for a short code, by what came of them'),
      resolved: countBy('source', 'resolutions_total', 'Short codes resolved, by where the answer was found'),
      cacheFailed: countBy('operation', 'cache_failures_total', 'Cache operations that failed'),
      requestShed: countBy('area', 'requests_shed_total', 'API requests turned away under pressure'),
      visitsRecorded: countBy('audience', 'visits_recorded_total', 'Visits taken at the redirect'),
      visitsDropped: countBy('reason', 'visits_dropped_total', 'Visits that were given up'),
      visitsRestored: (visits) => restored.inc(visits),
      publishFailed: () => publishFailures.inc(),
      countFailed: () => countFailures.inc(),
      visitsStored: (visits) => stored.inc(visits),
      visitsDuplicated: (visits) => duplicated.inc(visits),
      visitsOrphaned: (visits) => orphaned.inc(visits),
      visitsUnconfirmed: () => unconfirmed.inc(),
      outboxed: () => outboxed.inc(),
      outboxDrained: (messages) => outboxDrained.inc(messages),
      visitsRejected: (visits) => rejected.inc(visits),
      countsFlushed: (visits) => flushed.inc(visits),
      countsReconciled: (links) => reconciled.inc(links),
    },
    showRedisUsedBytes: (read) => {
      const gauge = new Gauge({
        name: 'redis_used_bytes',
        help: 'What Redis holds',
        registers: [registry],
        async collect() {
          const used = await read().catch(() => undefined);
          if (used === undefined) gauge.remove();
          else gauge.set(used);
        },
      });
    },
    metricsText: () => registry.metrics(),
  };
}

import type { FunctionName } from '../functions/manifests.ts';
import type { Stage } from './stage.ts';

/** A metric of an alarm or of a line of the dashboard. */
export interface Metric {
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: Readonly<Record<string, $util.Input<string>>>;
  readonly stat: string;
}

/** Metrics of `/.metrics` that become metrics of CloudWatch, by the function whose collector reads them. */
export const COLLECTED = {
  redirect: [
    'backing_services_unreached',
    'visits_dropped_total',
    'visits_left_on_disk_total',
    'journal_protects',
    'journal_unreadable_total',
    'visit_publish_failures_total',
    'visit_count_failures_total',
    'cache_failures_total',
    'redis_used_bytes',
  ],
  links: ['backing_services_unreached', 'requests_shed_total'],
  stats: ['backing_services_unreached', 'requests_shed_total'],
  'visit-writer': [
    'backing_services_unreached',
    'visits_stored_total',
    'visits_rejected_total',
    'visit_queue_ready_messages',
    'visit_queue_dead_messages',
    'visit_queue_unacknowledged_messages',
    'visit_storage_stalled',
  ],
} as const satisfies Partial<Record<FunctionName, readonly string[]>>;

export type Collecting = keyof typeof COLLECTED;

/** The CloudWatch namespace of the metrics of the product. */
export function metricNamespace(stage: Stage): string {
  return `Terse/${stage.name}`;
}

/** A metric of the product over all tasks of a function. */
export function productMetric<Name extends Collecting>(
  stage: Stage,
  name: Name,
  metricName: (typeof COLLECTED)[Name][number],
  stat: 'Sum' | 'Maximum' | 'Minimum' | 'SampleCount',
): Metric {
  return { namespace: metricNamespace(stage), metricName, dimensions: { function: name }, stat };
}

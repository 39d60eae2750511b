import { productMetric } from '../metrics.ts';
import type { Stage } from '../stage.ts';
import type { CreateAlarm } from './alarm.ts';

/** Alarms on visits from the redirect to the database, from metrics that the product has with every broker. */
export function createVisitAlarms(stage: Stage, alarm: CreateAlarm): void {
  alarm('VisitsDropped', {
    says: 'Visits were dropped: neither queue, nor memory, nor disk, nor Redis took them',
    metric: productMetric(stage, 'redirect', 'visits_dropped_total', 'Sum'),
    above: 0,
    minutes: 1,
    // A minute may lack a sample; the alarm on missing metrics reports five of them.
    withoutData: 'notBreaching',
  });
  alarm('VisitsLeftOnDisk', {
    says: 'A redirect stopped while neither queue nor Redis took its visits: they are lost with its disk',
    metric: productMetric(stage, 'redirect', 'visits_left_on_disk_total', 'Sum'),
    above: 0,
    minutes: 1,
    withoutData: 'notBreaching',
  });
  alarm('JournalProtects', {
    says: 'A redirect cannot write its journal: visits in its memory are lost when it is killed',
    metric: productMetric(stage, 'redirect', 'journal_protects', 'Minimum'),
    below: 1,
    minutes: 2,
    withoutData: 'breaching',
  });
  alarm('JournalUnreadable', {
    says: 'A part of a journal could not be read and was set aside',
    metric: productMetric(stage, 'redirect', 'journal_unreadable_total', 'Sum'),
    above: 0,
    minutes: 1,
    withoutData: 'notBreaching',
  });
  alarm('CountsFail', {
    says: 'Redis takes no counts: it is down or full',
    metric: productMetric(stage, 'redirect', 'visit_count_failures_total', 'Sum'),
    above: 0,
    minutes: 5,
    withoutData: 'breaching',
  });
  alarm('RedisMemory', {
    says: `Redis holds more than ${stage.redis.megabytes} MB, or does not say how much`,
    metric: productMetric(stage, 'redirect', 'redis_used_bytes', 'Maximum'),
    above: stage.redis.megabytes * 1_000_000,
    minutes: 5,
    withoutData: 'breaching',
  });
  alarm('QueueDepth', {
    says: 'Visits pile up in the queue, or their number is unknown',
    metric: productMetric(stage, 'visit-writer', 'visit_queue_ready_messages', 'Maximum'),
    above: 10_000,
    minutes: 5,
    withoutData: 'breaching',
  });
  // RabbitMQ does not report the age of messages. As long as a message waits, the queue is never empty.
  alarm('QueueAge', {
    says: 'The queue has not been empty for fifteen minutes: a visit may wait that long',
    metric: productMetric(stage, 'visit-writer', 'visit_queue_ready_messages', 'Minimum'),
    above: 0,
    minutes: 15,
    withoutData: 'breaching',
  });
  alarm('StorageStalled', {
    says: 'A visit-writer gets visits and stores none',
    metric: productMetric(stage, 'visit-writer', 'visit_storage_stalled', 'Maximum'),
    above: 0,
    minutes: 5,
    withoutData: 'breaching',
  });
  alarm('DeadLetters', {
    says: 'The queue has dead letters: messages that could not be stored as visits',
    metric: productMetric(stage, 'visit-writer', 'visit_queue_dead_messages', 'Maximum'),
    above: 0,
    minutes: 5,
    withoutData: 'breaching',
  });
}

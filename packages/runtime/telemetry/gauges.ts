import { Gauge, type Registry } from 'prom-client';
import type { Backlog, Journal } from '@terse/core/visits/ports';
import type { StorageWatch } from '@terse/core/visits/writer/storage-watch';
import { rememberBriefly } from '../remember-briefly.ts';

/** Gauges that ask for their value when metrics are read. A gauge without an answer is left out. */
export interface Gauges {
  /** How many bytes Redis uses, by its own account. */
  showRedisUsedBytes(read: () => Promise<number | undefined>): void;
  /** How many messages are in the queue of visits and in `visits.dead`. */
  showVisitQueue(backlog: Backlog): void;
  /** How many backing services have never answered this process, such as after a wrong secret. */
  showUnreachedServices(count: () => Promise<number>): void;
  /** Whether answered visits outlive the process. */
  showJournal(journal: Pick<Journal, 'protects'>): void;
  /** How many deliveries a writer holds, and whether it stores visits. */
  showVisitStorage(backlog: Pick<Backlog, 'unacknowledged'>, watch: Pick<StorageWatch, 'isStalled'>): void;
  /** How many visits are counted but not stored. */
  showCountsAhead(read: () => Promise<number>): void;
}

export function createGauges(registry: Registry): Gauges {
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

  const flag = (name: string, help: string, read: () => boolean) =>
    gauge(name, help, () => Promise.resolve(read() ? 1 : 0));

  return {
    showRedisUsedBytes: (read) => gauge('redis_used_bytes', 'Bytes that Redis uses', read),

    showVisitQueue: (backlog) => {
      gauge(
        'visit_queue_ready_messages',
        'Messages of visits that no writer has yet',
        rememberBriefly(() => backlog.waiting()),
      );
      gauge(
        'visit_queue_dead_messages',
        'Messages that were set aside as dead letters',
        rememberBriefly(() => backlog.dead()),
      );
    },

    showUnreachedServices: (count) =>
      gauge(
        'backing_services_unreached',
        'Backing services that have not answered this process since it started',
        count,
      ),

    showJournal: (journal) =>
      flag('journal_protects', '1 while visits are on the disk of the journal before they are answered', () =>
        journal.protects(),
      ),

    showVisitStorage: (backlog, watch) => {
      gauge(
        'visit_queue_unacknowledged_messages',
        'Messages of visits that this writer holds and has not dealt with',
        () => Promise.resolve(backlog.unacknowledged()),
      );
      flag('visit_storage_stalled', '1 when visits have come for a minute and none was stored', () =>
        watch.isStalled(),
      );
    },

    showCountsAhead: (read) =>
      gauge('visit_counts_ahead', 'Visits counted a quarter of an hour ago or more, and not stored', read),
  };
}

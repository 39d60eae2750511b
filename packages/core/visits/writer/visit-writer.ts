import { ContentRefusedError } from '../content-refused.ts';
import type { Metrics } from '../../metrics.ts';
import type { StorageWatch } from './storage-watch.ts';
import { createVisitDescriber } from '../visit-description.ts';
import { letterOf, readVisitMessage } from '../visit-message.ts';
import type { Visit } from '../visit.ts';
import type { DeadLetter, DeadLetters, Message, Postponer, Inserted, VisitRepository } from '../ports.ts';

/** What became of the visits of a batch. */
export interface BatchOutcome {
  readonly stored: number;
  /** Stored before: the batch, or a part of it, was delivered again. */
  readonly duplicates: number;
  /** Visits of codes that were never links: stored apart, and in no report. */
  readonly orphans: number;
  /** How many items were set aside as dead letters: no visits, or visits that the database refuses. */
  readonly rejected: number;
  /** How many messages have visits that only a later release can read. They come again after a minute. */
  readonly postponed: number;
}

/** Stores visits from the queue. */
export interface VisitWriter {
  /**
   * Stores the visits in these messages, each exactly once however often it is delivered. When it resolves, the whole
   * batch is dealt with; when it rejects, the whole batch may be given again.
   */
  write(messages: readonly Message[]): Promise<BatchOutcome>;
}

export interface VisitWriterOptions {
  readonly repository: Pick<VisitRepository, 'insert'>;
  readonly queue: DeadLetters & Postponer;
  readonly watch: Pick<StorageWatch, 'began' | 'stored'>;
  readonly metrics: Pick<
    Metrics,
    'visitsStored' | 'visitsDuplicated' | 'visitsOrphaned' | 'visitsRejected' | 'visitMessagesPostponed'
  >;
}

/** A visit, and the message that it came in. */
interface Received {
  readonly visit: Visit;
  readonly message: Message;
}

interface Batch {
  readonly received: readonly Received[];
  readonly rejects: DeadLetter[];
  readonly newer: readonly Message[];
}

const VISITS_PER_STATEMENT = 5000;

export function createVisitWriter(options: VisitWriterOptions): VisitWriter {
  const { repository, queue, watch, metrics } = options;
  const describe = createVisitDescriber();

  async function store({ received, rejects }: Batch): Promise<Inserted & { readonly duplicates: number }> {
    const total = { stored: 0, orphans: 0, duplicates: 0 };

    /** Halves a refused batch until the refused visit is alone: at most twice as many statements as visits. */
    async function storeAll(some: readonly Received[]): Promise<void> {
      try {
        const { stored, orphans } = await repository.insert(some.map(({ visit }) => describe(visit)));
        watch.stored();
        total.stored += stored;
        total.orphans += orphans;
        total.duplicates += some.length - stored - orphans;
      } catch (error) {
        if (!isForContent(error)) throw error;
        const [first] = some;
        if (first && some.length === 1) {
          rejects.push(letterOf(first.message, first.visit, `refused: ${error.message}`));
          return;
        }
        const middle = Math.ceil(some.length / 2);
        await storeAll(some.slice(0, middle));
        await storeAll(some.slice(middle));
      }
    }

    for (let start = 0; start < received.length; start += VISITS_PER_STATEMENT) {
      await storeAll(received.slice(start, start + VISITS_PER_STATEMENT));
    }
    return total;
  }

  return {
    write: async (messages) => {
      const batch = readBatch(messages);
      const { received, rejects, newer } = batch;
      if (received.length > 0) watch.began();
      const { stored, duplicates, orphans } = await store(batch);
      if (rejects.length > 0) await queue.add(rejects);
      if (newer.length > 0) await queue.postpone(newer);

      metrics.visitsStored(stored);
      metrics.visitsDuplicated(duplicates);
      metrics.visitsOrphaned(orphans);
      metrics.visitsRejected(rejects.length);
      metrics.visitMessagesPostponed(newer.length);
      return { stored, duplicates, orphans, rejected: rejects.length, postponed: newer.length };
    },
  };
}

function readBatch(messages: readonly Message[]): Batch {
  const received: Received[] = [];
  const rejects: DeadLetter[] = [];
  const newer: Message[] = [];
  for (const message of messages) {
    const { visits, rejects: ofMessage, isNewer } = readVisitMessage(message);
    for (const visit of visits) received.push({ visit, message });
    rejects.push(...ofMessage);
    if (isNewer) newer.push(message);
  }
  return { received, rejects, newer };
}

/** Whether the content is the cause: the database refuses it, or it hits a defect of this program. No outage is. */
function isForContent(error: unknown): error is Error {
  return error instanceof ContentRefusedError || error instanceof TypeError || error instanceof RangeError;
}

import { z } from 'zod';
import type { DeadLetter, DeadLetters, Message } from '@terse/queue/queue';
import type { VisitRepository } from '@terse/repository/visit-repository';
import type { Metrics } from './metrics.ts';
import { isVisit, type Visit, visitSchema } from './visit.ts';
import { createVisitDescriber } from './visit-description.ts';

/** What became of the visits of a batch. */
export interface BatchOutcome {
  readonly stored: number;
  /** Stored before: the batch, or a part of it, was delivered again. */
  readonly duplicates: number;
  /** Visits of codes that were never links: stored apart, where they are in nobody's numbers. */
  readonly orphans: number;
  /** Not visits: set aside as dead letters, with the reason. */
  readonly rejected: number;
}

/** Stores visits from the queue. */
export interface VisitWriter {
  /**
   * Stores the visits in these messages, each exactly once however often it is delivered. When it returns, nothing of
   * the batch is left to do; when it throws, the whole batch may be given again.
   */
  write(messages: readonly Message[]): Promise<BatchOutcome>;
}

export interface VisitWriterOptions {
  readonly repository: Pick<VisitRepository, 'insert'>;
  readonly deadLetters: DeadLetters;
  readonly metrics: Pick<Metrics, 'visitsStored' | 'visitsDuplicated' | 'visitsOrphaned' | 'visitsRejected'>;
}

const VISITS_PER_STATEMENT = 5000;

export function createVisitWriter(options: VisitWriterOptions): VisitWriter {
  const { repository, deadLetters, metrics } = options;
  const describe = createVisitDescriber();
  return {
    write: async (messages) => {
      const visits: Visit[] = [];
      const rejects: DeadLetter[] = [];
      for (const message of messages) decode(message, visits, rejects);

      let stored = 0;
      let orphans = 0;
      for (let start = 0; start < visits.length; start += VISITS_PER_STATEMENT) {
        const part = visits.slice(start, start + VISITS_PER_STATEMENT).map(describe);
        const inserted = await repository.insert(part);
        stored += inserted.stored;
        orphans += inserted.orphans;
      }
      if (rejects.length > 0) await deadLetters.add(rejects);

      const duplicates = visits.length - stored - orphans;
      metrics.visitsStored(stored);
      metrics.visitsDuplicated(duplicates);
      metrics.visitsOrphaned(orphans);
      metrics.visitsRejected(rejects.length);
      return { stored, duplicates, orphans, rejected: rejects.length };
    },
  };
}

/** Sorts a message's visits from what is none, one by one: a bad visit does not spoil the good ones around it. */
function decode(message: Message, visits: Visit[], rejects: DeadLetter[]): void {
  let items: unknown;
  try {
    items = JSON.parse(message.body);
  } catch {
    rejects.push({ ...message, reason: 'not JSON' });
    return;
  }
  if (!Array.isArray(items)) {
    rejects.push({ ...message, reason: 'not an array of visits' });
    return;
  }
  for (const item of items) {
    if (isVisit(item)) visits.push(item);
    else rejects.push({ ...message, body: JSON.stringify(item), reason: reasonAgainst(item) });
  }
}

function reasonAgainst(item: unknown): string {
  const { error } = visitSchema.safeParse(item);
  return error ? z.prettifyError(error) : 'not a visit';
}

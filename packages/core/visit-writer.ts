import { z } from 'zod';
import type { DeadLetter, DeadLetters } from '@terse/queue/queue';
import type { VisitRepository } from '@terse/repository/visit-repository';
import type { Metrics } from './metrics.ts';
import { type Visit, visitSchema } from './visit.ts';
import { createVisitDescriber } from './visit-description.ts';

/** What became of the visits of a batch. */
export interface BatchOutcome {
  readonly stored: number;
  /** Stored before: the batch, or a part of it, was delivered again. */
  readonly duplicates: number;
  /** Not visits: set aside as dead letters, with the reason. */
  readonly rejected: number;
}

/** Stores visits from the queue. */
export interface VisitWriter {
  /**
   * Stores the visits in these messages, each exactly once however often it is delivered. When it returns, nothing of
   * the batch is left to do; when it throws, the whole batch may be given again.
   */
  write(messages: readonly string[]): Promise<BatchOutcome>;
}

export interface VisitWriterOptions {
  readonly repository: Pick<VisitRepository, 'insert'>;
  readonly deadLetters: DeadLetters;
  readonly metrics: Pick<Metrics, 'visitsStored' | 'visitsDuplicated' | 'visitsRejected'>;
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
      for (let start = 0; start < visits.length; start += VISITS_PER_STATEMENT) {
        stored += await repository.insert(visits.slice(start, start + VISITS_PER_STATEMENT).map(describe));
      }
      if (rejects.length > 0) await deadLetters.add(rejects);

      const outcome = { stored, duplicates: visits.length - stored, rejected: rejects.length };
      metrics.visitsStored(outcome.stored);
      metrics.visitsDuplicated(outcome.duplicates);
      metrics.visitsRejected(outcome.rejected);
      return outcome;
    },
  };
}

/** Sorts a message's visits from what is none, one by one: a bad visit does not spoil the good ones around it. */
function decode(message: string, visits: Visit[], rejects: DeadLetter[]): void {
  let items: unknown;
  try {
    items = JSON.parse(message);
  } catch {
    rejects.push({ body: message, reason: 'not JSON' });
    return;
  }
  if (!Array.isArray(items)) {
    rejects.push({ body: message, reason: 'not an array of visits' });
    return;
  }
  for (const item of items) {
    const parsed = visitSchema.safeParse(item);
    if (parsed.success) visits.push(parsed.data);
    else rejects.push({ body: JSON.stringify(item), reason: z.prettifyError(parsed.error) });
  }
}

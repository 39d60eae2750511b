import { MINUTE_MS } from '@terse/platform/durations';
import { refuseUnusableFolder } from '@terse/platform/make-directory';
import { openFileJournal } from '@terse/queue/file-journal';
import type { JournalEvent } from '@terse/queue/journal-event';
import type { Context } from '../context.ts';
import type { Probe } from '../telemetry/readiness.ts';
import { createReportLimit } from '../telemetry/report-limit.ts';
import type { Journal } from '@terse/core/visits/ports';

type JournalContext = Pick<Context, 'config' | 'log' | 'metrics' | 'clock' | 'showJournal'>;

export interface OpenJournal extends Journal {
  /** Fails while visits do not reach the disk. */
  readonly probes: { readonly journal: Probe };
}

/** A full disk causes an error for each write. */
const REPORT_EVERY_MS = MINUTE_MS;

/** @throws Error naming the setting when the folder of the journal cannot be written. */
export function openJournal(context: JournalContext): OpenJournal | undefined {
  const { config } = context;
  if (!config.journal) return undefined;
  const settings = { ...config.journal, onEvent: createReport(context) };
  const journal = naming(() => openFileJournal(settings));
  context.showJournal(journal);
  return Object.assign(journal, {
    probes: {
      journal: () =>
        journal.protects() ? Promise.resolve() : Promise.reject(new Error('Visits are not on disk.')),
    },
  });
}

/**
 * Checks whether the journal can use its folder, and changes nothing.
 * @throws Error naming the setting.
 */
export function refuseJournalFolder({ journal }: Pick<Context['config'], 'journal'>): void {
  if (journal) naming(() => refuseUnusableFolder(journal.directory));
}

/** Adds to an error which setting names the folder. */
function naming<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Error('The folder that JOURNAL_DIR names, or DATA_DIR, cannot hold a journal.', {
      cause: error,
    });
  }
}

function createReport({ log, metrics, clock }: JournalContext): (event: JournalEvent) => void {
  const failures = createReportLimit(REPORT_EVERY_MS, clock);
  return (event) => {
    switch (event.kind) {
      case 'failed':
        failures.report((leftOut) => {
          const details = { err: event.error, ...leftOut };
          log.error(details, 'the journal of visits could not use its disk as it should');
        });
        return;
      case 'folder lost':
        metrics.journalFolderLost();
        log.error(event, 'the journal of visits, or segments of it, disappeared; its folder is made again');
        return;
      case 'protects again':
        failures.reset();
        log.warn(event, 'visits are in the journal again');
        return;
      case 'segment unreadable':
        metrics.journalUnreadable('segment', 1);
        log.error({ ...event, err: event.error }, 'a segment of the journal cannot be read, and is skipped');
        return;
      case 'records torn':
        metrics.journalUnreadable('record', event.records);
        log.warn(event, 'a segment of the journal has lines that are no record, and are skipped');
        return;
    }
  };
}

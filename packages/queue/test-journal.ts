import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linesOf } from '@terse/core/visits/visit-lines';
import { openFileJournal } from './file-journal.ts';
import type { JournalEvent } from './journal-event.ts';
import type { Journal, JournalListener } from '@terse/core/visits/ports';

export interface TestJournals {
  readonly directory: string;
  /** The events of all journals. */
  readonly events: JournalEvent[];
  open(maxBytes?: number): Journal;
  /** Ends a journal as the end of its process does: unreleased records stay. */
  end(journal: Journal): void;
  files(slot?: string): string[];
  remove(): void;
}

/** Journals in a new folder. */
export function createTestJournals(): TestJournals {
  const directory = mkdtempSync(join(tmpdir(), 'terse-journal-'));
  const events: JournalEvent[] = [];
  const opened = new Set<Journal>();
  return {
    directory,
    events,
    open: (maxBytes = 100_000_000) => {
      const journal = openFileJournal({ directory, maxBytes, onEvent: (event) => events.push(event) });
      opened.add(journal);
      return journal;
    },
    end: (journal) => {
      opened.delete(journal);
      journal.close();
    },
    files: (slot = 'slot-0') => readdirSync(join(directory, slot)).filter((name) => name.includes('.ndjson')),
    remove: () => {
      for (const journal of opened) journal.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export async function restoreAll(journal: Journal): Promise<string[]> {
  const records: string[] = [];
  for (let found = await journal.restore(); found; found = await journal.restore()) {
    records.push(...found.records);
  }
  return records;
}

export const record = (value: unknown): string => JSON.stringify({ value });

/** Records as the arguments of `append` and `spill`. */
export const asLines = (...records: readonly string[]): readonly [Uint8Array, number] => [
  Buffer.from(linesOf(records)),
  records.length,
];

/** A listener that records its calls. */
export function createTestListener() {
  const told: string[] = [];
  const listener: JournalListener = {
    onFound: () => told.push('found'),
    onWritable: () => told.push('writable'),
    onLost: (records) => told.push(`lost ${records}`),
  };
  return { told, listener };
}

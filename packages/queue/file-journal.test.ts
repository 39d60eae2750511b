import { appendFileSync, chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openFileJournal } from './file-journal.ts';
import { linesOf } from '@terse/core/visits/visit-lines';
import type { JournalEvent } from './journal-event.ts';
import type { Journal } from '@terse/core/visits/ports';

let directory: string;
let open: Journal[];
const events: JournalEvent[] = [];
const onEvent = (event: JournalEvent) => void events.push(event);
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'terse-journal-'));
  open = [];
  events.length = 0;
});
afterEach(() => {
  for (const journal of open) journal.close();
  rmSync(directory, { recursive: true });
});

function openJournal(maxBytes = 100_000_000): Journal {
  const journal = openFileJournal({ directory, maxBytes, onEvent });
  open.push(journal);
  return journal;
}

/** A killed process does not close its journal; the system frees only its lock. */
function openAfterClose(journal: Journal): Journal {
  journal.close();
  open = open.filter((each) => each !== journal);
  return openJournal();
}

async function restoreAll(journal: Journal): Promise<string[]> {
  const records: string[] = [];
  for (let found = await journal.restore(); found; found = await journal.restore()) {
    records.push(...found.records);
  }
  return records;
}

const segmentFiles = (slot = 'slot-0') =>
  readdirSync(join(directory, slot)).filter((name) => name.endsWith('.ndjson'));
const record = (value: unknown) => JSON.stringify({ value });
const asLines = (...records: readonly string[]) => [Buffer.from(linesOf(records)), records.length] as const;

test('restores unreleased records in the next process, in order and unchanged', async () => {
  const first = openJournal();
  const records = [record('a'), record('ü \u{1F517} \\n "x"'), record(3)];
  for (const each of records) expect(first.append(...asLines(each))).toBeDefined();
  expect(await restoreAll(openAfterClose(first))).toEqual(records);
});

test('restores records that were written together one by one', async () => {
  const first = openJournal();
  first.append(...asLines(record(1), record(2)));
  first.append(...asLines(record(3)));
  expect(await restoreAll(openAfterClose(first))).toEqual([record(1), record(2), record(3)]);
});

test('restores no record that a living process still has in memory', async () => {
  const journal = openJournal();
  journal.append(...asLines(record(1)));
  expect(await journal.restore()).toBeUndefined();
});

test('leaves nothing on disk once everything was released', async () => {
  const first = openJournal();
  const segments = [first.append(...asLines(record(1))), first.append(...asLines(record(2)))];
  for (const segment of segments) if (segment) first.release(segment, 1);
  const second = openAfterClose(first);
  expect(await restoreAll(second)).toEqual([]);
  expect(segmentFiles()).toEqual([]);
});

test('keeps a restored segment until it was released, also across another process', async () => {
  const first = openJournal();
  first.append(...asLines(record(1)));
  first.append(...asLines(record(2)));
  const second = openAfterClose(first);
  const restored = await second.restore();
  if (restored) second.release(restored.segment, 1);
  const third = openAfterClose(second);
  const again = await third.restore();
  expect(again?.records).toEqual([record(1), record(2)]);
  if (again) third.release(again.segment, 2);
  expect(segmentFiles()).toEqual([]);
});

test('restores spilled records, oldest first, and none that are in memory', async () => {
  const journal = openJournal();
  journal.append(...asLines(record('in memory')));
  for (let index = 0; index < 10; index++) expect(journal.spill(...asLines(record(index)))).toBe(true);
  expect(await restoreAll(journal)).toEqual(Array.from({ length: 10 }, (_, index) => record(index)));
});

test('skips a record that was torn when the process was killed', async () => {
  const first = openJournal();
  first.append(...asLines(record(1)));
  appendFileSync(join(directory, 'slot-0', segmentFiles()[0] ?? ''), '\n{"value":2');
  expect(await restoreAll(openAfterClose(first))).toEqual([record(1)]);
});

test('removes segments as they are released, however much passes through', () => {
  const journal = openJournal();
  const text = record('x'.repeat(1000));
  for (let index = 0; index < 5000; index++) {
    const segment = journal.append(...asLines(text));
    if (segment) journal.release(segment, 1);
  }
  expect(segmentFiles().length).toBeLessThanOrEqual(1);
});

test('takes nothing beyond its bound, reports it, and takes more once there is room', () => {
  const journal = openJournal(10_000);
  const text = record('x'.repeat(1000));
  const segments = Array.from({ length: 20 }, () => journal.append(...asLines(text)));
  const taken = segments.filter((segment) => segment !== undefined);
  expect(taken).toHaveLength(9);
  expect(journal.spill(...asLines(text))).toBe(false);
  expect(events).toContainEqual({ kind: 'failed', error: new Error('The journal is full.') });
  for (const segment of taken) journal.release(segment, 1);
  journal.close();
  open = [];
  expect(openJournal(10_000).append(...asLines(text))).toBeDefined();
});

describe('of several processes', () => {
  test('each has its own slot', async () => {
    const first = openJournal();
    const second = openJournal();
    first.append(...asLines(record('first')));
    second.append(...asLines(record('second')));
    expect(readdirSync(directory).toSorted()).toEqual(['slot-0', 'slot-1']);
    expect(await first.restore()).toBeUndefined();
    expect(await second.restore()).toBeUndefined();
  });

  test('one adopts the segments that the others left', async () => {
    const journals = [openJournal(), openJournal(), openJournal()];
    for (const [index, journal] of journals.entries()) journal.append(...asLines(record(index)));
    for (const journal of journals) journal.close();
    open = [];
    expect((await restoreAll(openJournal())).toSorted()).toEqual([record(0), record(1), record(2)]);
    expect(segmentFiles('slot-1')).toEqual([]);
  });

  test('none adopts the segments of a living one', async () => {
    const first = openJournal();
    const second = openJournal();
    second.append(...asLines(record('alive')));
    first.close();
    open = [second];
    expect(await restoreAll(openJournal())).toEqual([]);
  });
});

test.skipIf(process.getuid?.() === 0)('says at once when the folder cannot be written', () => {
  chmodSync(directory, 0o500);
  expect(() => openJournal()).toThrow('cannot be made');
  chmodSync(directory, 0o700);
});

test('says at once when the path is no folder', () => {
  expect(() => openFileJournal({ directory: '/dev/null/x', maxBytes: 1, onEvent })).toThrow(
    '/dev/null is not a folder',
  );
});

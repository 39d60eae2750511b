import {
  chmodSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  createTestJournals,
  createTestListener,
  asLines,
  record,
  restoreAll,
  type TestJournals,
} from './test-journal.ts';
import type { Journal } from '@terse/core/visits/ports';

const isRoot = process.getuid?.() === 0;

let journals: TestJournals;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  journals = createTestJournals();
});
afterEach(() => {
  journals.remove();
  vi.useRealTimers();
});

const slotOf = (number = 0) => join(journals.directory, `slot-${number}`);
const pass = (seconds: number) => vi.advanceTimersByTime(seconds * 1000);
const told = () => journals.events.map(({ kind }) => kind);

describe('within a second, records in memory can be written again, when', () => {
  test.each<[string, () => void]>([
    ['the slot is removed', () => rmSync(slotOf(), { recursive: true })],
    ['the whole folder is removed', () => rmSync(journals.directory, { recursive: true })],
    ['the folder is renamed', () => renameSync(slotOf(), `${slotOf()}-gone`)],
    [
      'another folder has its name, as when something is mounted there',
      () => {
        renameSync(journals.directory, `${journals.directory}-below`);
        mkdirSync(slotOf(), { recursive: true });
      },
    ],
    ['its files are removed', () => removeFiles((name) => name.endsWith('.ndjson'))],
    ['everything in it is removed', () => removeFiles(() => true)],
  ])('%s', async (_name, lose) => {
    const journal = journals.open();
    const { told: heard, listener } = createTestListener();
    journal.watch(listener);
    const segment = journal.append(...asLines(record('in memory')));
    journal.spill(...asLines(record('on disk'), record('only')));
    lose();
    pass(1);
    expect(told()).toEqual(['folder lost', 'protects again']);
    expect(heard).toEqual(['lost 2', 'writable']);
    expect(segment && journal.has(segment)).toBe(false);
    expect(journal.protects()).toBe(true);

    const anew = journal.append(...asLines(record('in memory')));
    expect(anew && journal.has(anew)).toBe(true);
    journals.end(journal);
    expect(await restoreAll(journals.open())).toEqual([record('in memory')]);
    rmSync(`${journals.directory}-below`, { recursive: true, force: true });
  });

  function removeFiles(which: (name: string) => boolean): void {
    for (const name of readdirSync(slotOf()).filter(which)) unlinkSync(join(slotOf(), name));
  }
});

test('a removed lock is taken again, and no record in the slot is lost', async () => {
  const journal = journals.open();
  const { told: heard, listener } = createTestListener();
  journal.watch(listener);
  journal.append(...asLines(record('in memory')));
  journal.spill(...asLines(record('on disk')));
  unlinkSync(join(slotOf(), 'lock'));
  pass(1);
  expect(heard).toEqual(['found', 'writable']);
  expect((await restoreAll(journal)).toSorted()).toEqual([record('in memory'), record('on disk')]);
  // The slot is locked, so another journal takes the next one.
  journals.open();
  expect(readdirSync(journals.directory)).toContain('slot-1');
});

test('a visit that comes when a segment is full makes the folder again, before the next check', () => {
  const journal = journals.open();
  const large = record('x'.repeat(1_100_000));
  journal.append(...asLines(large));
  rmSync(journals.directory, { recursive: true });
  const segment = journal.append(...asLines(record('next')));
  expect(segment && statSync(join(slotOf(), segment.name)).size).toBeGreaterThan(0);
  pass(1);
  expect(told()).toEqual(['folder lost', 'protects again']);
});

test('protects nothing, and reports it, while the folder cannot be made; then it goes on', () => {
  const journal = journals.open();
  const { told: heard, listener } = createTestListener();
  journal.watch(listener);
  journal.append(...asLines(record(1)));
  rmSync(journals.directory, { recursive: true });
  writeFileSync(journals.directory, 'in the way');
  pass(3);
  expect(journal.protects()).toBe(false);
  expect(journal.append(...asLines(record(2)))).toBeUndefined();
  expect(journal.spill(...asLines(record(2)))).toBe(false);
  unlinkSync(journals.directory);
  pass(1);
  expect(journal.protects()).toBe(true);
  expect(heard).toEqual(['writable']);
  expect(told().filter((kind) => kind !== 'failed')).toEqual(['folder lost', 'protects again']);
});

test('protects nothing once the bound is reached, until there is room', () => {
  const journal = journals.open(2_400_000);
  const { told: heard, listener } = createTestListener();
  journal.watch(listener);
  const large = record('x'.repeat(1_100_000));
  const segment = journal.append(...asLines(large));
  journal.append(...asLines(large));
  expect(journal.append(...asLines(large))).toBeUndefined();
  pass(2);
  expect(journal.protects()).toBe(false);
  expect(heard).toEqual([]);
  if (segment) journal.release(segment, 1);
  pass(1);
  expect(journal.protects()).toBe(true);
  expect(heard).toEqual(['writable']);
});

test.skipIf(isRoot)('goes on when a folder that was made read-only is writable again', () => {
  const journal = journals.open();
  chmodSync(slotOf(), 0o500);
  expect(journal.append(...asLines(record(1)))).toBeUndefined();
  pass(1);
  expect(journal.protects()).toBe(false);
  chmodSync(slotOf(), 0o700);
  pass(1);
  expect(journal.protects()).toBe(true);
});

test('reports at close what stays on the disk, without records that are gone', () => {
  const first = journals.open();
  const segment = first.append(...asLines(record(1), record(2), record(3)));
  if (segment) first.release(segment, 1);
  first.spill(...asLines(record(4)));
  expect(first.close()).toEqual({ records: 3, unreadBytes: 0 });
  expect(segment && first.has(segment)).toBe(true);
  const second = journals.open();
  second.append(...asLines(record(5)));
  expect(second.close()).toEqual({ records: 1, unreadBytes: expect.any(Number) as number });
  const third = journals.open();
  const lost = third.append(...asLines(record(6)));
  rmSync(journals.directory, { recursive: true });
  expect(third.close()).toEqual({ records: 0, unreadBytes: 0 });
  expect(lost && third.has(lost)).toBe(false);
});

describe('segments of a dead process', () => {
  test('are adopted by living ones within a minute, each by one only', async () => {
    const dying = [journals.open(), journals.open(), journals.open()];
    const living = [journals.open(), journals.open()];
    const listeners = living.map((journal) => {
      const { told: heard, listener } = createTestListener();
      journal.watch(listener);
      return heard;
    });
    for (const [index, journal] of dying.entries()) journal.append(...asLines(record(index)));
    pass(60);
    expect(await restoredBy(living)).toEqual([]);
    for (const journal of dying) journals.end(journal);
    pass(60);
    expect(listeners.flat()).toContain('found');
    expect((await restoredBy(living)).toSorted()).toEqual([record(0), record(1), record(2)]);
  });

  test('are all adopted, although a foreign file is in the way', async () => {
    const dying = journals.open();
    const living = journals.open();
    dying.append(...asLines(record('good')));
    journals.end(dying);
    mkdirSync(join(slotOf(), '000000000000.ndjson'));
    writeFileSync(join(journals.directory, 'slot-7'), 'no folder');
    pass(60);
    expect(await restoreAll(living)).toEqual([record('good')]);
  });

  test('leave half of the bound to new visits, and the rest is adopted when there is room', async () => {
    const dying = journals.open();
    const living = journals.open(20_000);
    for (let index = 0; index < 4; index++) {
      writeFileSync(join(slotOf(), `00000000010${index}.ndjson`), `\n${record('x'.repeat(6000))}`);
    }
    journals.end(dying);
    pass(60);
    expect(journals.files('slot-1').length).toBeLessThan(4);
    expect(living.append(...asLines(record('y'.repeat(6000))))).toBeDefined();
    let taken = 0;
    for (let rounds = 0; rounds < 10; rounds++) {
      for (let found = await living.restore(); found; found = await living.restore()) {
        taken += found.records.length;
        living.release(found.segment, found.records.length);
      }
      pass(60);
    }
    expect(taken).toBe(4);
  });

  async function restoredBy(living: readonly Journal[]): Promise<string[]> {
    const records = await Promise.all(living.map(restoreAll));
    return records.flat();
  }
});

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createTestJournals, asLines, record, restoreAll, type TestJournals } from './test-journal.ts';

const FIRST = '000000000000.ndjson';
const isRoot = process.getuid?.() === 0;

let journals: TestJournals;
beforeEach(() => {
  journals = createTestJournals();
});
afterEach(() => {
  journals.remove();
});

/** Leaves a good segment behind a damaged one. */
function leaveBehind(make: (path: string) => void): void {
  const journal = journals.open();
  journal.append(...asLines(record('good')));
  make(join(journals.directory, 'slot-0', FIRST));
  journals.end(journal);
}

const unreadable = () => journals.events.filter(({ kind }) => kind === 'segment unreadable');

describe('skips a segment that cannot be read, renames it, and goes on:', () => {
  test.each<[string, (path: string) => void]>([
    ['a folder of that name', (path) => mkdirSync(path)],
    ['a folder with something in it', (path) => (mkdirSync(path), writeFileSync(join(path, 'x'), 'x'))],
    ['text of another kind', (path) => writeFileSync(path, 'hello\nworld\n')],
    ['JSON that is no record', (path) => writeFileSync(path, '1,\n2,\n[3]')],
    [
      'bytes',
      (path) =>
        writeFileSync(
          path,
          Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919 + 1) % 256)),
        ),
    ],
    ['a file of many gigabytes', (path) => (writeFileSync(path, ''), truncateSync(path, 5e10))],
    ['a named pipe, which would block', (path) => void execFileSync('mkfifo', [path])],
    ['a link that leads nowhere', (path) => symlinkSync('/nowhere', path)],
    ['a link to a device', (path) => symlinkSync('/dev/zero', path)],
  ])('%s', async (_name, make) => {
    leaveBehind(make);
    const second = journals.open();
    expect(await restoreAll(second)).toEqual([record('good')]);
    expect(unreadable()).toMatchObject([{ keptAs: expect.stringContaining('.unreadable') as string }]);
    journals.end(second);
    // The next process does not meet it again.
    expect(await restoreAll(journals.open())).toEqual([record('good')]);
    expect(unreadable()).toHaveLength(1);
  });

  test.skipIf(isRoot)('a file without permission', async () => {
    leaveBehind((path) => writeFileSync(path, '\n{}', { mode: 0o000 }));
    expect(await restoreAll(journals.open())).toEqual([record('good')]);
    expect(unreadable()).toHaveLength(1);
  });
});

test.skipIf(isRoot)('skips one that cannot be renamed either, and reports it', async () => {
  leaveBehind((path) => mkdirSync(path));
  const second = journals.open();
  chmodSync(join(journals.directory, 'slot-0'), 0o500);
  expect(await restoreAll(second)).toEqual([record('good')]);
  expect(unreadable()).toMatchObject([{ keptAs: undefined }]);
  chmodSync(join(journals.directory, 'slot-0'), 0o700);
});

test('keeps unreadable segments up to its bound, and always the newest', async () => {
  for (const letter of ['a', 'b', 'c']) {
    leaveBehind((path) => writeFileSync(path, `${letter}\n`.repeat(2000)));
    const journal = journals.open(5000);
    await restoreAll(journal);
    journals.end(journal);
  }
  const kept = journals.files().filter((name) => name.endsWith('.unreadable'));
  expect(kept).toHaveLength(1);
  expect(readFileSync(join(journals.directory, 'slot-0', kept[0] ?? ''), 'utf8')).toMatch(/^c/);
  expect(unreadable()).toHaveLength(3);
});

describe('reads the whole records of a damaged segment:', () => {
  const good = [record(1), record(2)] as const;
  test.each<[string, string | Buffer, string[], number]>([
    ['nothing in it', '', [], 0],
    [
      'NULs behind the last record, after a power failure',
      `${good[0]}\n${good[1]}\n${'\0'.repeat(4096)}`,
      [...good],
      0,
    ],
    ['NULs behind a line without its end', `${good[0]}${'\0'.repeat(4096)}\n${good[1]}`, [...good], 0],
    ['nothing but NULs', '\0'.repeat(100_000), [], 0],
    ['NULs before and within', `${'\0'.repeat(300_000)}x\n${good[0]}\n{"a\0":1}\n${good[1]}`, [...good], 2],
    ['a torn record only', '\n{"value":', [], 1],
    ['a torn record between two', `\n${good[0]}\n{"val\n${good[1]}`, [...good], 1],
    ['a record of another kind', `\n${good[0]}\n7\n[]\nnull\n${good[1]}`, [...good], 3],
  ])('%s', async (_name, contents, expected, torn) => {
    leaveBehind((path) => writeFileSync(path, contents));
    const journal = journals.open();
    expect(await restoreAll(journal)).toEqual([...expected, record('good')]);
    expect(unreadable()).toEqual([]);
    const counted = journals.events.flatMap((event) => (event.kind === 'records torn' ? event.records : []));
    expect(counted).toEqual(torn > 0 ? [torn] : []);
  });

  test('bytes in a record that are not UTF-8: the visit counts, though a letter of its referrer is lost', async () => {
    const bad = Buffer.concat([
      Buffer.from(`\n${good[0]}\n{"value":"`),
      Buffer.from([0xff]),
      Buffer.from('"}'),
    ]);
    leaveBehind((path) => writeFileSync(path, bad));
    expect(await restoreAll(journals.open())).toEqual([good[0], record('\u{FFFD}'), record('good')]);
  });
});

test('restores every good segment, whatever bytes lie before, between and behind them', async () => {
  const garbage = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.string({ unit: 'binary', maxLength: 200 }).map((text) => Buffer.from(text)),
    fc.constantFrom('', '\n\n', '{', '{"a":', '\0\0', ',\n,').map((text) => Buffer.from(text)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(garbage, { minLength: 1, maxLength: 4 }), async (pieces) => {
      const own = createTestJournals();
      try {
        const first = own.open();
        own.end(first);
        const slot = join(own.directory, 'slot-0');
        const expected = pieces.map((piece, index) => {
          writeFileSync(join(slot, `${String(index * 2 + 1).padStart(12, '0')}.ndjson`), piece);
          const text = record(`good ${index}`);
          writeFileSync(join(slot, `${String(index * 2 + 2).padStart(12, '0')}.ndjson`), `\n${text}`);
          return text;
        });
        const records = await restoreAll(own.open());
        expect(records.filter((each) => each.includes('good '))).toEqual(expected);
      } finally {
        own.remove();
      }
    }),
    { numRuns: 60 },
  );
});

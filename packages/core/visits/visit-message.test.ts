import fc from 'fast-check';
import { expect, test } from 'vitest';
import { testVisit } from './test-visit.ts';
import { readVisitMessage } from './visit-message.ts';
import { linesOf } from './visit-lines.ts';
import { type CompleteVisit, encodeVisit } from './visit.ts';

const visit = (index: number): CompleteVisit => ({
  ...testVisit,
  id: `01a20d74-b2d3-75ae-b5ad-${index.toString(16).padStart(12, '0')}`,
  user_agent: 'Agent "x" \n ] [ {y},',
});
const record = (index: number) => encodeVisit(visit(index), JSON.stringify(visit(index).user_agent));
const records = (count: number) => Array.from({ length: count }, (_, index) => record(index));

/** Forms of a message: lines, and others that a foreign publisher may take for a list of visits. */
const FORMS: Readonly<Record<string, (some: readonly string[]) => string>> = {
  'as Terse sends them': linesOf,
  'as an array': (some) => `[${some.join(',')}]`,
  'as an array of lines': (some) => `[\n${some.join(',\n')}]`,
  'as lines whose last has no end': (some) => some.join('\n'),
  'as lines with other ends': (some) => some.map((line) => `${line}\r\n`).join('\r\n'),
};

test.each(Object.entries(FORMS))('reads visits %s', (_form, write) => {
  for (const count of [1, 2, 20]) {
    const { visits, rejects } = readVisitMessage({ body: write(records(count)) });
    expect(visits.map(({ id }) => id)).toEqual(records(count).map((_, index) => visit(index).id));
    expect(rejects).toEqual([]);
  }
});

test.each(Object.entries(FORMS).filter(([form]) => form !== 'as an array'))(
  'reads all whole visits %s, when some are torn',
  (_form, write) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 12 }),
        fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 3 }),
        (count, cuts) => {
          const lines = records(count);
          const torn = new Set<number>();
          for (const [which, length] of cuts) {
            const index = which % count;
            lines[index] = record(index).slice(0, 1 + (length % (record(index).length - 1)));
            torn.add(index);
          }
          const { visits, rejects } = readVisitMessage({ body: write(lines) });
          const whole = lines.flatMap((_, index) => (torn.has(index) ? [] : [visit(index).id]));
          expect(visits.map(({ id }) => id)).toEqual(whole);
          expect(rejects).toHaveLength(1);
        },
      ),
    );
  },
);

test('reads the whole visits of a message that ends in the middle of one', () => {
  const body = linesOf(records(5));
  const { visits, rejects } = readVisitMessage({ body: body.slice(0, -40) });
  expect(visits).toHaveLength(4);
  expect(rejects).toMatchObject([{ reason: 'torn: not JSON' }]);
});

test('never throws, and reads or sets aside something, for any text', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.stringMatching(/^[[\]{},:"\n0-9]{0,40}$/)), (body) => {
      const { visits, rejects, isNewer } = readVisitMessage({ body });
      expect(visits).toEqual([]);
      expect(rejects.length > 0 || isNewer || JSON.stringify(JSON.parse(body)) === '[]').toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('makes one dead letter of a message with many items that are no visits, and reads the visits', () => {
  const body = `[${'1,'.repeat(100_000)}${record(7)}]`;
  const { visits, rejects } = readVisitMessage({ body });
  expect(visits).toHaveLength(1);
  expect(rejects).toMatchObject([{ body, reason: expect.stringContaining('100000 items') as string }]);
});

test('sets aside an item that is nested too deeply to be written again', () => {
  const body = `[${'['.repeat(500_000)}${']'.repeat(500_000)},${record(7)}]`;
  const { visits, rejects } = readVisitMessage({ body });
  expect(visits).toHaveLength(1);
  expect(rejects).toMatchObject([{ body }]);
});

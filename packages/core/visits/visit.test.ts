import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ShortCode } from '../links/short-code.ts';
import { linesOf, parseLines } from './visit-lines.ts';
import { type CompleteVisit, encodeVisit, isNewerVisit, isVisit, type Visit, visitSchema } from './visit.ts';

const text = fc.option(fc.string({ unit: 'binary', maxLength: 100 }).map((any) => any.replaceAll('\0', '')));
const visits: fc.Arbitrary<CompleteVisit> = fc.record({
  id: fc.uuid({ version: 7 }),
  short_code: fc.stringMatching(/^[\w-]{1,64}$/).map((code) => code as ShortCode),
  ip: fc.option(fc.oneof(fc.ipV4(), fc.ipV6())),
  timestamp: fc.integer({ min: 0, max: 2 ** 47 }),
  user_agent: text,
  referrer: text,
  country: fc.constantFrom(null, 'DE', 'FR'),
  is_bot: fc.boolean(),
});

test('reads back every visit as it was encoded, whatever visitors send', () => {
  fc.assert(
    fc.property(fc.array(visits, { minLength: 1, maxLength: 3 }), (some) => {
      const body = linesOf(some.map((visit) => encodeVisit(visit, JSON.stringify(visit.user_agent))));
      const lowerCase = some.map(({ id, ...rest }) => ({ v: 1, id: id.toLowerCase(), ...rest }));
      expect(visitSchema.array().parse(parseLines(body))).toEqual(lowerCase);
    }),
  );
});

const visit = {
  id: '01a20d74-b2d3-75ae-b5ad-edd32e73337f',
  short_code: 'hello',
  ip: '192.0.2.0',
  timestamp: 1_795_521_600_000,
  user_agent: 'Agent',
  referrer: null,
  country: 'DE',
  is_bot: false,
} satisfies Record<keyof Visit, unknown>;

/** Values for each field: mostly right ones, and some that are nearly right. */
const fields: Readonly<Record<keyof Visit, fc.Arbitrary<unknown>>> = {
  id: fc.oneof(
    fc.uuid({ version: 7 }),
    fc.uuid(),
    fc.constantFrom(visit.id.toUpperCase(), `${visit.id} `, 'ffffffff-ffff-ffff-ffff-ffffffffffff', ''),
  ),
  short_code: fc.oneof(fc.stringMatching(/^[A-Za-z0-9_-]{0,70}$/), fc.constantFrom('a\n', '../x', 'é')),
  ip: fc.oneof(
    fc.ipV4(),
    fc.ipV4Extended(),
    fc.ipV6(),
    fc.constantFrom(
      null,
      '::',
      '::1%lo',
      '2001:db8::/32',
      '192.0.2.0 ',
      '::ffff:192.0.2.1',
      '1.2.3',
      '01.2.3.4',
      '[::1]',
    ),
  ),
  timestamp: fc.oneof(
    fc.integer(),
    fc.double(),
    fc.constantFrom(0, -0, -1, 253_402_300_799_999, 253_402_300_800_000, 2 ** 53, 1e300, '1'),
  ),
  user_agent: fc.oneof(
    fc.string({ unit: 'binary', maxLength: 600 }),
    fc.constantFrom(null, 'x'.repeat(512), 'x'.repeat(513), 'a\0b'),
  ),
  referrer: fc.oneof(fc.webUrl(), fc.constantFrom(null, '', 'x'.repeat(1024), 'x'.repeat(1025), '\0')),
  country: fc.oneof(fc.stringMatching(/^[A-Z]{1,3}$/), fc.constantFrom(null, 'de', 'DE\n', '')),
  is_bot: fc.oneof(fc.boolean(), fc.constantFrom(0, 'true', null)),
};

const names = Object.keys(visit);
const seldom = (...values: readonly string[]) =>
  fc.oneof({ weight: 10, arbitrary: fc.constant(null) }, fc.constantFrom(...values));

/** Visits with a field or two changed, and now and then a missing or an unknown field. */
const nearlyVisits = fc
  .tuple(
    fc.record(fields),
    fc.subarray(names, { maxLength: 2 }),
    seldom(...names),
    seldom('extra', '__proto__', 'constructor'),
    fc.constantFrom(undefined, undefined, 1, 1, 0, 2, '1', null, 1.5),
  )
  .map(([others, replaced, missing, extra, v]) => {
    const entries: [string, unknown][] = Object.entries(visit)
      .map(([name, value]): [string, unknown] => [
        name,
        replaced.includes(name) ? others[name as keyof typeof others] : value,
      ])
      .filter(([name]) => name !== missing);
    if (extra !== null) entries.push([extra, 1]);
    if (v !== undefined) entries.push(['v', v]);
    return Object.fromEntries(entries);
  });

const oneSpelling = (visit: Visit) => ({ ...visit, id: visit.id.toLowerCase() });

test('accepts and refuses exactly what the schema does', () => {
  const outcomes = { accepted: 0, refused: 0 };
  fc.assert(
    fc.property(fc.oneof({ weight: 20, arbitrary: nearlyVisits }, fc.jsonValue()), (value) => {
      const sent: unknown = JSON.parse(JSON.stringify(value));
      const { success, data } = visitSchema.safeParse(sent);
      expect(isVisit(sent)).toBe(success);
      expect(data ? oneSpelling(sent as Visit) : {}).toMatchObject(data ?? {});
      outcomes[success ? 'accepted' : 'refused']++;
    }),
    { numRuns: 5000 },
  );
  expect(outcomes.accepted).toBeGreaterThan(500);
  expect(outcomes.refused).toBeGreaterThan(500);
});

test('ignores a field that it does not know, and takes no field from elsewhere', () => {
  const text = JSON.stringify(visit);
  expect(isVisit(JSON.parse(text))).toBe(true);
  expect(isVisit({ ...visit, trace_id: '4bf92f3577b34da6a3ce929d0e0e4736', nested: { deep: [1] } })).toBe(
    true,
  );
  expect(isVisit(JSON.parse(text.replace('"is_bot"', '"__proto__"')))).toBe(false);
  expect(isVisit(JSON.parse(text.replace('"is_bot":false', '"__proto__":{"is_bot":false}')))).toBe(false);
  expect(isVisit([visit])).toBe(false);
});

test('recognises a visit of a later release by its version, whatever else has changed', () => {
  expect([2, 3, 1000].every((v) => isNewerVisit({ v }) && isNewerVisit({ ...visit, v }))).toBe(true);
  for (const v of [undefined, null, 0, 1, -2, 1.5, '2', 1e300]) {
    expect(isNewerVisit({ ...visit, v })).toBe(false);
  }
  for (const value of [null, 2, 'v', [2]]) expect(isNewerVisit(value)).toBe(false);
});

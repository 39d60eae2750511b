import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ShortCode } from '../links/short-code.ts';
import { testVisitAt } from '../visits/test-visit.ts';
import { addToMonth, createMonth, type MonthlyVisits, rollUp, type RollupDelta } from './rollup.ts';

const code = 'hello' as ShortCode;

const deltaOn = (day: number, breakdown: RollupDelta['breakdown'], visits = 1): RollupDelta => ({
  short_code: code,
  hour: Date.UTC(2026, 10, day, 23),
  visits,
  bot_visits: 0,
  breakdown,
});

function monthWith(...deltas: readonly RollupDelta[]): MonthlyVisits {
  const month = createMonth();
  addToMonth(month, deltas);
  return month;
}

test('adds visits up by link and hour, and breaks down those by people', () => {
  const other = 'other' as ShortCode;
  expect(
    rollUp([
      testVisitAt('2026-11-24T09:59:59.999Z', { browser: 'Firefox', country: 'DE' }),
      testVisitAt('2026-11-24T10:00:00Z', { referrer_host: '__proto__', os: 'constructor' }),
      testVisitAt('2026-11-24T09:00:00Z', { browser: 'Firefox' }),
      testVisitAt('2026-11-24T09:30:00Z', { browser: 'Bot', is_bot: true }),
      testVisitAt('2026-11-24T09:30:00Z', { short_code: other }),
    ]),
  ).toEqual([
    {
      short_code: code,
      hour: Date.UTC(2026, 10, 24, 9),
      visits: 2,
      bot_visits: 1,
      breakdown: { country: [['DE', 1]], browser: [['Firefox', 2]] },
    },
    {
      short_code: code,
      hour: Date.UTC(2026, 10, 24, 10),
      visits: 1,
      bot_visits: 0,
      breakdown: { referrer: [['__proto__', 1]], os: [['constructor', 1]] },
    },
    { short_code: other, hour: Date.UTC(2026, 10, 24, 9), visits: 1, bot_visits: 0, breakdown: {} },
  ]);
});

test('lays a month out by day, and ends each row with its last visit', () => {
  const month = monthWith(deltaOn(3, { referrer: [['a.example', 2]] }, 2));
  expect(month).toEqual({
    visits: [0, 0, 2],
    bot_visits: [],
    breakdown: { referrer: { values: ['a.example'], days: [[], [], [2]] } },
  });
  addToMonth(month, [
    { ...deltaOn(1, { referrer: [['b.example', 1]], country: [['DE', 1]] }), bot_visits: 4 },
    deltaOn(3, { referrer: [['a.example', 1]] }),
  ]);
  expect(month).toEqual({
    visits: [1, 0, 3],
    bot_visits: [4],
    breakdown: {
      referrer: { values: ['a.example', 'b.example'], days: [[0, 1], [], [3]] },
      country: { values: ['DE'], days: [[1]] },
    },
  });
});

test('gives the same month for deltas in any division', () => {
  const delta = fc.record({
    short_code: fc.constant(code),
    hour: fc.integer({ min: 0, max: 30 * 24 - 1 }).map((hour) => Date.UTC(2026, 10, 1, hour)),
    visits: fc.nat(1000),
    bot_visits: fc.nat(1000),
    breakdown: fc.record(
      {
        browser: fc.uniqueArray(fc.tuple(fc.string(), fc.integer({ min: 1, max: 9 })), {
          selector: ([value]) => value,
        }),
      },
      { requiredKeys: [] },
    ),
  });
  fc.assert(
    fc.property(fc.array(delta), fc.nat(), (deltas, at) => {
      const cut = at % (deltas.length + 1);
      const inTwo = monthWith(...deltas.slice(0, cut));
      addToMonth(inTwo, deltas.slice(cut));
      expect(inTwo).toEqual(monthWith(...deltas));
      const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
      expect(sum(inTwo.visits)).toBe(sum(deltas.map(({ visits }) => visits)));
    }),
  );
});

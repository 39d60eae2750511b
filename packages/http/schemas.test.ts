import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { instant } from './schemas.ts';

describe('an instant', () => {
  test.each([
    ['2026-11-24T12:00:00Z', '2026-11-24T12:00:00.000Z'],
    ['2026-11-24t12:00:00z', '2026-11-24T12:00:00.000Z'],
    ['2026-11-24T12:00:00-00:00', '2026-11-24T12:00:00.000Z'],
    ['2026-11-24T12:00:00+23:59', '2026-11-23T12:01:00.000Z'],
    ['2026-11-24T12:00:00-23:59', '2026-11-25T11:59:00.000Z'],
    ['2026-11-24T12:00:00.1Z', '2026-11-24T12:00:00.100Z'],
    ['2026-11-24T12:00:00.123999999Z', '2026-11-24T12:00:00.123Z'],
    ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
    ['2000-01-01T00:00:00Z', '2000-01-01T00:00:00.000Z'],
    ['2999-12-31T23:59:59.999Z', '2999-12-31T23:59:59.999Z'],
    ['3000-01-01T00:30:00+01:00', '2999-12-31T23:30:00.000Z'],
  ])('%s is taken as %s', (text, taken) => {
    expect(instant.parse(text).toISOString()).toBe(taken);
  });

  test.each([
    '0031-01-01T00:00:00Z',
    '1999-12-31T23:59:59.999Z',
    '3000-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
    '2000-01-01T00:30:00+01:00',
    '-002026-11-24T12:00:00Z',
    '+275760-09-13T00:00:00Z',
    '+002026-11-24T12:00:00Z',
    '2026-12-31T23:59:60Z',
    '2026-11-24T24:00:00Z',
    '2026-02-29T00:00:00Z',
    '2026-11-24T12:00Z',
    '2026-11-24T12:00:00',
    '2026-11-24 12:00:00Z',
    '2026-11-24T12:00:00+24:00',
    '2026-11-24T12:00:00+0100',
    '2026-11-24',
    'infinity',
    '',
    `2026-11-24T12:00:00.${'1'.repeat(100)}Z`,
    1_790_000_000_000,
    null,
  ])('%j is no instant', (text) => {
    expect(instant.safeParse(text).success).toBe(false);
  });

  test.each([
    ['2026-11-24T12:00:00 02:00', /%2B/],
    ['2026-02-30T12:00:00Z', /exist/],
    ['2026-11-24T12:61:00Z', /exist/],
    ['2026-11-24T12:00Z', /with seconds and an offset/],
  ])('%s is told what it lacks', (text, says) => {
    expect(instant.safeParse(text).error?.issues[0]?.message).toMatch(says);
  });

  test('is read as it is shown, for any date', () => {
    const between = { min: new Date('2000-01-01T00:00:00Z'), max: new Date('2999-12-31T23:59:59.999Z') };
    fc.assert(
      fc.property(fc.date({ ...between, noInvalidDate: true }), (date) => {
        expect(instant.parse(date.toISOString())).toEqual(date);
      }),
    );
  });

  test('is always one that a database and a caller can show, for any text', () => {
    const digits = (max: number) => fc.integer({ min: 0, max }).map(String);
    const nearly = fc
      .tuple(
        digits(99_999),
        digits(13),
        digits(32),
        digits(25),
        digits(61),
        fc.constantFrom('Z', '+23:59', ''),
      )
      .map(([year, month, day, hour, minute, offset]) => {
        const [m, d, h, min] = [month, day, hour, minute].map((part) => part.padStart(2, '0'));
        return `${year.padStart(4, '0')}-${m}-${d}T${h}:${min}:00${offset}`;
      });
    fc.assert(
      fc.property(nearly, (text) => {
        const parsed = instant.safeParse(text);
        expect(parsed.data?.toISOString() ?? 'refused').toMatch(/^(2\d{3}-|refused$)/);
      }),
    );
  });
});

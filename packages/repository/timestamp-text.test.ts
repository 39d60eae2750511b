import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseTimestamp } from './timestamp-text.ts';

test.each([
  ['2026-11-24 12:00:00+00', '2026-11-24T12:00:00.000Z'],
  ['2026-11-24 12:00:00.123456+00', '2026-11-24T12:00:00.123Z'],
  ['2026-11-24 12:00:00.5+05:30', '2026-11-24T06:30:00.500Z'],
  ['1890-01-01 00:00:00-00:25:21', '1890-01-01T00:25:21.000Z'],
  ['0031-01-01 00:00:00+00', '0031-01-01T00:00:00.000Z'],
  ['0099-12-31 23:59:59.999999+00', '0099-12-31T23:59:59.999Z'],
  ['0031-01-01 00:00:00-00:25:21', '0031-01-01T00:25:21.000Z'],
  ['0031-01-01 00:00:00+01:30', '0030-12-31T22:30:00.000Z'],
  ['0001-01-01 00:00:00+00 BC', '0000-01-01T00:00:00.000Z'],
  ['2026-01-01 00:00:00+00 BC', '-002025-01-01T00:00:00.000Z'],
  ['4714-11-24 00:00:00+00 BC', '-004713-11-24T00:00:00.000Z'],
  ['9999-12-31 23:59:59+00', '9999-12-31T23:59:59.000Z'],
  ['10000-01-01 00:00:00+00', '+010000-01-01T00:00:00.000Z'],
  ['294276-12-31 23:59:59+00', '+275760-09-13T00:00:00.000Z'],
  ['infinity', '+275760-09-13T00:00:00.000Z'],
  ['-infinity', '-271821-04-20T00:00:00.000Z'],
  ['', '-271821-04-20T00:00:00.000Z'],
])('%j is %s', (text, shown) => {
  expect(parseTimestamp(text).toISOString()).toBe(shown);
});

test('is read as it is written, in every year of both Date and PostgreSQL', () => {
  const range = { min: new Date('0001-01-01T00:00:00Z'), max: new Date('+200000-01-01T00:00:00Z') };
  fc.assert(
    fc.property(fc.date({ ...range, noInvalidDate: true }), (date) => {
      const [day = '', time = ''] = date.toISOString().split('T');
      const year = day.startsWith('+') ? day.slice(1).replace(/^0+/, '') : day;
      expect(parseTimestamp(`${year} ${time.slice(0, -1)}+00`)).toEqual(date);
    }),
  );
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ShortCode } from './short-code.ts';
import { encodeVisit, encodeVisits, type Visit, visitSchema } from './visit.ts';

const text = fc.option(fc.string({ unit: 'binary', maxLength: 100 }).map((any) => any.replaceAll('\0', '')));
const visits: fc.Arbitrary<Visit> = fc.record({
  id: fc.uuid({ version: 7 }),
  short_code: fc.stringMatching(/^[\w-]{1,64}$/).map((code) => code as ShortCode),
  ip: fc.option(fc.oneof(fc.ipV4(), fc.ipV6())),
  timestamp: fc.integer({ min: 0, max: 2 ** 47 }),
  user_agent: text,
  referrer: text,
  country: fc.constantFrom(null, 'DE', 'FR'),
  is_bot: fc.boolean(),
});

test('what is encoded is read back as it was, whatever visitors send', () => {
  fc.assert(
    fc.property(fc.array(visits, { minLength: 1, maxLength: 3 }), (some) => {
      const body = encodeVisits(some.map((visit) => encodeVisit(visit, JSON.stringify(visit.user_agent))));
      expect(visitSchema.array().parse(JSON.parse(body))).toEqual(some);
    }),
  );
});

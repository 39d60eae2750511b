import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { faultsOf, parseAnswer, wholeNumber, z } from './zod.ts';

const messagesOf = (schema: z.ZodType, value: unknown) =>
  schema.safeParse(value).error?.issues.map(({ message }) => message) ?? [];

describe('messages are in our words', () => {
  test.each<[string, z.ZodType, unknown, string]>([
    ['no value', z.string(), undefined, 'must be given'],
    ['no choice', z.enum(['a', 'b']), undefined, 'must be given'],
    ['no form', z.union([z.string(), z.number()]), undefined, 'must be given'],
    ['a number for text', z.string(), 1, 'must be text'],
    ['text for a number', z.number(), '1', 'must be a number'],
    ['not a number', z.number(), Number.NaN, 'must be a number'],
    ['a fraction', z.int(), 1.5, 'must be a whole number'],
    ['text for a flag', z.boolean(), 'true', 'must be true or false'],
    ['an object for a list', z.array(z.string()), {}, 'must be a list'],
    ['an object for a row', z.tuple([z.string()]), {}, 'must be a list'],
    ['a list for an object', z.object({}), [], 'must be an object'],
    ['a list for a record', z.record(z.string(), z.string()), [], 'must be an object'],
    ['something for nothing', z.null(), 1, 'must be null'],
    ['a type without words of its own', z.map(z.string(), z.string()), 1, 'must be of another type'],
    ['another choice', z.enum(['hour', 'day', 'week']), 'year', 'must be hour, day or week'],
    ['another literal', z.literal([307, 308]), 300, 'must be 307 or 308'],
    ['another single literal', z.literal('aws:rmq'), 'sqs', 'must be aws:rmq'],
    ['long text', z.string().max(3), 'abcd', 'must have at most 3 characters'],
    ['short text', z.string().min(3), 'ab', 'must have at least 3 characters'],
    ['empty text', z.string().min(1), '', 'must not be empty'],
    ['text of another length', z.string().length(3), 'ab', 'must have at least 3 characters'],
    ['a long list', z.array(z.number()).max(1), [1, 2], 'must have at most 1 item'],
    ['an empty list', z.array(z.number()).min(1), [], 'must not be empty'],
    ['a large number', z.number().max(5), 6, 'must be at most 5'],
    ['a small number', z.number().min(5), 4, 'must be at least 5'],
    ['a number that is no multiple', z.number().multipleOf(5), 4, 'must be a multiple of 5'],
    ['another pattern', z.string().regex(/a/), 'b', 'must be of the right form'],
    ['no UUID', z.uuidv7(), 'b', 'must be a UUID'],
    ['no time', z.iso.datetime(), 'b', 'must be a time'],
    ['no address', z.ipv4(), 'b', 'must be an IPv4 address'],
    ['another field', z.strictObject({}), { b: 1 }, 'must not have b'],
    ['another kind', z.discriminatedUnion('k', [z.object({ k: z.literal('a') })]), { k: 'b' }, 'must be a'],
    ['none of the forms', z.union([z.string(), z.number()]), [], 'must have one of the known forms'],
    [
      'a name that is refused',
      z.record(z.string().max(1), z.number()),
      { ab: 1 },
      'must not have such a name in it',
    ],
    ['a rule without words', z.string().refine(() => false), 'b', 'must be valid'],
  ])('%s', (_name, schema, value, message) => {
    expect(messagesOf(schema, value)).toEqual([message]);
  });

  test('for any schema and any value', () => {
    const schemas = fc.constantFrom<z.ZodType>(
      z.string().min(2).max(3),
      z.email(),
      z.base64(),
      z.url(),
      z.int().min(2).max(3),
      z.bigint(),
      z.date(),
      z.symbol(),
      z.never(),
      z.nan(),
      z.undefined(),
      z.set(z.string()).max(1),
      z.file(),
      z.instanceof(URL),
      z.templateLiteral(['a', z.number()]),
      z.array(z.strictObject({ a: z.literal(1), b: z.enum(['x', 'y']) })).max(1),
      z.discriminatedUnion('a', [
        z.object({ a: z.literal(1) }),
        z.object({ a: z.literal(2), b: z.string() }),
      ]),
      z.intersection(z.string(), z.number()),
    );
    const values = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true });
    fc.assert(
      fc.property(schemas, values, (schema, value) => {
        for (const message of messagesOf(schema, value)) {
          expect(message).toMatch(/^must (?!.*(?:expected|nvalid))/);
        }
      }),
    );
  });
});

test('a whole number as text is written in one way', () => {
  const number = wholeNumber(1, 100);
  expect(['1', '20', '100'].map((text) => number.parse(text))).toEqual([1, 20, 100]);
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\d+.e-]{1,30}$/)), (text) => {
      const { data } = number.safeParse(text);
      expect(data === undefined ? text : String(data)).toBe(text);
    }),
  );
  expect(messagesOf(number, '01')).toEqual(['must be a whole number without zeros before it']);
  expect(messagesOf(number, '1.0')).toEqual(['must be a whole number']);
  expect(messagesOf(number, '9'.repeat(400))).toEqual(['must be at most 100']);
});

test('names all faults in one line, each with its path', () => {
  const schema = z.object({ id: z.string(), tags: z.array(z.string()) });
  const { error } = schema.safeParse({ id: 1, tags: ['a', 2] });
  expect(error && faultsOf(error)).toBe('id must be text; tags.1 must be text');
  expect(() => parseAnswer(schema, [], 'The answer')).toThrow(
    'The answer has another form: must be an object.',
  );
});

import fc from 'fast-check';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { z } from '@terse/platform/zod';
import { DomainError } from '@terse/core/errors';
import { readQuery, refuseQuery } from './query.ts';

const schema = z.strictObject({ one: z.string().optional(), many: z.array(z.string()).optional() });
const app = new Hono();
app.get('/', (c) => c.json(readQuery(c, schema, ['many'])));
app.get('/none', refuseQuery, (c) => c.json({}));
app.onError((error, c) => c.json(error instanceof DomainError ? error.fields : String(error), 422));

const read = async (query: string): Promise<unknown> => (await app.request(`/?${query}`)).json();

test.each([
  ['', {}],
  ['&&', {}],
  ['one=', { one: '' }],
  ['one', { one: '' }],
  ['one=a=b', { one: 'a=b' }],
  ['one=a+b%20c%2B', { one: 'a b c+' }],
  ['one=100%&many=%zz', { one: '100%', many: ['%zz'] }],
  ['on%65=z%C3%BCrich', { one: 'zürich' }],
  ['many=a&many=b&one=c&many=a', { one: 'c', many: ['a', 'b', 'a'] }],
])('?%s is read as %j', async (query, values) => {
  expect(await read(query)).toEqual(values);
});

test.each([
  ['one=a&one=b', 'one', 'is given more than once'],
  ['one=a&on%65=a&one=c', 'one', 'is given more than once'],
  ['one=%FF', 'one', 'is not UTF-8'],
  ['many=a&many=%C3', 'many', 'is not UTF-8'],
  ['=a', '', 'is not a known field'],
  ['two=a', 'two', 'is not a known field'],
  ['__proto__=a', '__proto__', 'is not a known field'],
  ['__proto__=a&__proto__=b', '__proto__', 'is given more than once'],
  ['constructor=a', 'constructor', 'is not a known field'],
  ['one[]=a', 'one[]', 'is not a known field'],
  ['%FF=a', '%FF', 'is not a known field'],
])('?%s is refused, and %j is named', async (query, field, message) => {
  expect(await read(query)).toContainEqual({ field, message });
});

test('reads encoded parameters as they were', async () => {
  const pairs = fc.record(
    { one: fc.string({ unit: 'binary' }), many: fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }) },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(pairs, async ({ one, many = [] }) => {
      const given = new URLSearchParams(one === undefined ? [] : [['one', one]]);
      for (const each of many) given.append('many', each);
      const values = await read(given.toString());
      expect(values).toEqual({
        ...(one !== undefined && { one }),
        ...(many.length > 0 && { many }),
      });
    }),
  );
});

test('refuses a parameter at an address that takes none', async () => {
  expect((await app.request('/none')).status).toBe(200);
  expect((await app.request('/none?')).status).toBe(200);
  const refused = await app.request('/none?force=true');
  expect([refused.status, await refused.json()]).toEqual([
    422,
    [{ field: 'force', message: 'is not a known field' }],
  ]);
});

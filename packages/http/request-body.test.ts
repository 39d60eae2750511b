import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import { z } from '@terse/platform/zod';
import { DomainError } from '@terse/core/errors';
import { readBody, readMergePatch } from './request-body.ts';
import { repeatedKeys } from './repeated-keys.ts';

const schema = z.strictObject({ a: z.string().optional(), list: z.array(z.looseObject({})).optional() });
const app = new Hono();
app.post('/', async (c) => c.json(await readBody(c, schema)));
app.patch('/', async (c) => c.json(await readMergePatch(c, schema)));
app.onError((error, c) =>
  error instanceof DomainError
    ? c.json({ code: error.code, fields: error.fields.map(({ field }) => field) })
    : c.json(String(error), 500),
);

async function send(body: string | Uint8Array, headers: Record<string, string> = {}, method = 'POST') {
  const response = await app.request('/', {
    method,
    body: typeof body === 'string' ? Buffer.from(body) : Uint8Array.from(body),
    headers,
  });
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, unknown>;
}

describe('the type of a body', () => {
  test.each([
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'application/json; charset=utf8; profile=x',
    'application/x-www-form-urlencoded',
  ])('may be %s', async (type) => {
    expect(await send('{"a":"ä"}', { 'Content-Type': type })).toEqual({ a: 'ä' });
  });

  test.each([
    'application/json; charset=iso-8859-1',
    'application/json; Charset = "UTF-16"',
    'application/json; charset=utf-8; charset=latin1',
    'application/json; charset=',
    'application/merge-patch+json',
    'application/json-patch+json',
    'application/ld+json',
    'application/json, application/json',
    'text/plain',
    'application/jsonx',
    '',
  ])('must not be %j', async (type) => {
    expect(await send('{"a":"x"}', { 'Content-Type': type })).toMatchObject({
      code: 'unsupported_media_type',
    });
  });

  test.each([
    'application/merge-patch+json',
    'Application/Merge-Patch+JSON; charset=utf-8',
    'application/json',
  ])('may be %s for a change', async (type) => {
    expect(await send('{"a":"x"}', { 'Content-Type': type }, 'PATCH')).toEqual({ a: 'x' });
  });

  test('must not be that of a JSON Patch, which is something else', async () => {
    expect(await send('[]', { 'Content-Type': 'application/json-patch+json' }, 'PATCH')).toMatchObject({
      code: 'unsupported_media_type',
    });
  });

  test('must not be compressed', async () => {
    const headers = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' };
    expect(await send('{"a":"x"}', headers)).toMatchObject({ code: 'unsupported_media_type' });
  });
});

describe('the bytes of a body', () => {
  const bytes = (...parts: readonly (string | number)[]) =>
    Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part))));

  test.each([
    ['a byte that begins nothing', bytes('{"a":"', 0xff, '"}')],
    ['half a character', bytes('{"a":"', 0xc3, '"}')],
    ['an overlong slash', bytes('{"a":"', 0xc0, 0xaf, '"}')],
    ['a surrogate', bytes('{"a":"', 0xed, 0xa0, 0x80, '"}')],
    ['Latin-1', bytes('{"a":"', 0xe4, '"}')],
    ['UTF-16', Uint8Array.from(Buffer.from('\uFEFF{"a":"x"}', 'utf16le'))],
  ])('with %s are refused', async (_, body) => {
    expect(await send(body)).toMatchObject({ code: 'malformed_json' });
  });

  test('may begin with a byte order mark, once', async () => {
    expect(await send(bytes(0xef, 0xbb, 0xbf, '{"a":"x"}'))).toEqual({ a: 'x' });
    expect(await send(bytes(0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf, '{}'))).toMatchObject({
      code: 'malformed_json',
    });
  });

  test('are refused exactly where they are not UTF-8', async () => {
    const middles = fc
      .uint8Array({ maxLength: 6 })
      .filter((each) => !/[\\"\p{Cc}]/u.test(Buffer.from(each).toString()));
    await fc.assert(
      fc.asyncProperty(middles, async (middle) => {
        const body = bytes('{"a":"', ...middle, '"}');
        const answer = await send(body);
        expect(answer).toEqual(
          isUtf8(body) ? { a: Buffer.from(middle).toString() } : { code: 'malformed_json', fields: [] },
        );
      }),
    );
  });
});

describe('a key that an object has twice', () => {
  test.each([
    ['{"a":"x","a":"y"}', ['a']],
    ['{"a":"x", "\\u0061" : "y","a":"z"}', ['a', 'a']],
    ['{"list":[{"b":1},{"b":{"c":1,"c":2}},{"d":"}\\"","d":[]}]}', ['list.1.b.c', 'list.2.d']],
    ['{"":1,"":2}', ['']],
    ['{"__proto__":1,"__proto__":2}', ['__proto__']],
  ])('of %s is named', (json, paths) => {
    expect(repeatedKeys(json)).toEqual(paths);
  });

  test('is a 422, and the field is named', async () => {
    expect(await send('{"a":"x","a":"y"}')).toEqual({ code: 'invalid_request', fields: ['a'] });
  });

  test('is never found in JSON that was written from an object', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(repeatedKeys(json)).toEqual([]);
      }),
    );
  });

  test('is found wherever it is put', () => {
    const entries = fc.uniqueArray(fc.tuple(fc.string(), fc.jsonValue()), {
      minLength: 1,
      selector: ([key]) => key,
    });
    fc.assert(
      fc.property(entries, fc.nat(), (pairs, at) => {
        const [key] = pairs[at % pairs.length] ?? [''];
        const members = [...pairs, [key, null]].map(
          ([name, value]) => `${JSON.stringify(name)} : ${JSON.stringify(value)}`,
        );
        expect(repeatedKeys(`[{${members.join(',')}}]`)).toEqual([`0.${key}`]);
      }),
    );
  });
});

test.each([
  ['deep arrays', `{"list":[${'['.repeat(400_000)}${']'.repeat(400_000)}]}`],
  ['deep objects', `{"list":[${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}],"x":1}`],
  [
    'many unknown fields',
    JSON.stringify(Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`k${i}`, i]))),
  ],
  ['many escapes', `{"a":"${String.raw`\\\"`.repeat(300_000)}","x":1}`],
  ['an endless key', `{"${'k'.repeat(500_000)}":1}`],
])('%s are refused with a short answer', async (_, body) => {
  const answer = await send(body);
  expect(answer['code']).toBe('invalid_request');
  expect(JSON.stringify(answer).length).toBeLessThan(50_000);
});

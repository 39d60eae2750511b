import { expect, test, vi } from 'vitest';
import type { DeadLetter, Message } from '@terse/queue/queue';
import type { ShortCode } from './short-code.ts';
import { createTestMetrics } from './test-metrics.ts';
import { type Visit } from './visit.ts';
import type { DescribedVisit } from './visit-description.ts';
import { createVisitWriter } from './visit-writer.ts';

const visit: Visit = {
  id: '01a20d74-b2d3-75ae-b5ad-edd32e73337f',
  short_code: 'hello' as ShortCode,
  ip: null,
  timestamp: 1_795_521_600_000,
  user_agent:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
  referrer: 'https://www.news.example/today?x=1',
  country: 'DE',
  is_bot: false,
};

const message = (...visits: readonly Visit[]): Message => ({ body: JSON.stringify(visits) });

function setUp() {
  const insert = vi.fn((visits: readonly DescribedVisit[]) =>
    Promise.resolve({ stored: visits.length, orphans: 0 }),
  );
  const add = vi.fn((_letters: readonly DeadLetter[]) => Promise.resolve());
  const metrics = createTestMetrics();
  return {
    insert,
    add,
    writer: createVisitWriter({ repository: { insert }, deadLetters: { add }, metrics }),
  };
}

test('describes each visit by browser, system, device and the host it came from', async () => {
  const { writer, insert } = setUp();
  await writer.write([message(visit)]);
  expect(insert.mock.calls[0]?.[0]).toEqual([
    { ...visit, browser: 'Safari', os: 'iOS', device: 'mobile', referrer_host: 'news.example' },
  ]);
});

test.each([
  ['no JSON', '{', 'not JSON'],
  ['no array', '{"id":1}', 'not an array'],
  ['an unknown field', JSON.stringify([{ ...visit, extra: 1 }]), 'extra'],
  ['a missing field', JSON.stringify([{ ...visit, id: undefined }]), 'id'],
  ['an id of another kind', JSON.stringify([{ ...visit, id: 'c0ffee00-0000-4000-8000-000000000000' }]), 'id'],
  ['a code that is none', JSON.stringify([{ ...visit, short_code: '../x' }]), 'short_code'],
  ['text that PostgreSQL cannot hold', JSON.stringify([{ ...visit, user_agent: 'a\0b' }]), 'NUL'],
  ['text that is too long', JSON.stringify([{ ...visit, user_agent: 'x'.repeat(513) }]), 'user_agent'],
  ['an impossible time', JSON.stringify([{ ...visit, timestamp: 1e300 }]), 'timestamp'],
  ['null', '[null]', 'expected object'],
])('sets aside %s with the reason, and stores the good visits around it', async (_name, bad, reason) => {
  const { writer, insert, add } = setUp();
  const outcome = await writer.write([message(visit), { body: bad }, message(visit)]);
  expect(outcome).toMatchObject({ stored: 2, rejected: 1 });
  expect(insert).toHaveBeenCalledTimes(1);
  expect(add.mock.calls[0]?.[0]).toHaveLength(1);
  expect(add.mock.calls[0]?.[0][0]?.reason).toContain(reason);
});

test('keeps what a foreign publisher said of a message beside each dead letter of it', async () => {
  const { writer, add } = setUp();
  const headers = { 'x-tenant': 'a', nested: { deep: [1, null] } };
  await writer.write([
    { body: '[null]', headers },
    { body: '{', headers },
  ]);
  expect(add.mock.calls[0]?.[0]).toMatchObject([
    { body: 'null', headers },
    { body: '{', headers },
  ]);
});

test('tells visits of unknown codes from those that were stored before', async () => {
  const { writer, insert } = setUp();
  insert.mockResolvedValueOnce({ stored: 2, orphans: 1 });
  expect(await writer.write([message(visit, visit, visit, visit)])).toEqual({
    stored: 2,
    orphans: 1,
    duplicates: 1,
    rejected: 0,
  });
});

test('fails as a whole, to be given again, when the visits cannot be stored', async () => {
  const { writer, insert } = setUp();
  insert.mockRejectedValueOnce(new Error('down'));
  await expect(writer.write([message(visit)])).rejects.toThrow('down');
});

test('fails as a whole when dead letters cannot be kept: they are not lost either', async () => {
  const { writer, add } = setUp();
  add.mockRejectedValueOnce(new Error('down'));
  await expect(writer.write([{ body: '{' }, message(visit)])).rejects.toThrow('down');
});

test('stores however many visits a message has, a bounded number in a statement', async () => {
  const { writer, insert } = setUp();
  const visits = Array.from({ length: 12_000 }, () => visit);
  expect(await writer.write([message(...visits)])).toMatchObject({ stored: 12_000 });
  expect(Math.max(...insert.mock.calls.map(([rows]) => rows.length))).toBe(5000);
});

import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { ContentRefusedError } from '../content-refused.ts';
import { DomainError } from '../../errors.ts';
import { createStorageWatch } from './storage-watch.ts';
import { createTestClock } from '@terse/platform/test-clock';
import { createTestMetrics } from '../../test-metrics.ts';
import { testVisit } from '../test-visit.ts';
import type { CompleteVisit, Visit } from '../visit.ts';
import type { DescribedVisit } from '../visit-description.ts';
import { createVisitWriter } from './visit-writer.ts';
import type { DeadLetter, Message } from '../ports.ts';

const visit: CompleteVisit = {
  ...testVisit,
  user_agent:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
  referrer: 'https://www.news.example/today?x=1',
  country: 'DE',
};

const message = (...visits: readonly Visit[]): Message => ({ body: JSON.stringify(visits) });

function setUp() {
  const insert = vi.fn((visits: readonly DescribedVisit[]) =>
    Promise.resolve({ stored: visits.length, orphans: 0 }),
  );
  const add = vi.fn((_letters: readonly DeadLetter[]) => Promise.resolve());
  const postpone = vi.fn((_messages: readonly Message[]) => Promise.resolve());
  const metrics = createTestMetrics();
  const clock = createTestClock();
  const watch = createStorageWatch({ clock });
  return {
    insert,
    add,
    postpone,
    clock,
    watch,
    stored: () => insert.mock.calls.flatMap(([visits]) => visits.map(({ id }) => id)),
    writer: createVisitWriter({ repository: { insert }, queue: { add, postpone }, watch, metrics }),
  };
}

test('describes each visit by browser, system, device and host of the referrer', async () => {
  const { writer, insert } = setUp();
  await writer.write([message(visit)]);
  expect(insert.mock.calls[0]?.[0]).toEqual([
    { ...visit, browser: 'Safari', os: 'iOS', device: 'mobile', referrer_host: 'news.example' },
  ]);
});

test.each([
  ['no JSON', '{', 'not JSON'],
  ['no visit', '{"id":1}', 'id'],
  ['no object', '7', 'must be an object'],
  ['a version that never was', JSON.stringify([{ ...visit, v: 0 }]), 'v'],
  ['a missing field', JSON.stringify([{ ...visit, id: undefined }]), 'id'],
  ['an id of another kind', JSON.stringify([{ ...visit, id: 'c0ffee00-0000-4000-8000-000000000000' }]), 'id'],
  ['a code that is none', JSON.stringify([{ ...visit, short_code: '../x' }]), 'short_code'],
  ['text that PostgreSQL cannot hold', JSON.stringify([{ ...visit, user_agent: 'a\0b' }]), 'NUL'],
  ['text that is too long', JSON.stringify([{ ...visit, user_agent: 'x'.repeat(513) }]), 'user_agent'],
  ['an impossible time', JSON.stringify([{ ...visit, timestamp: 1e300 }]), 'timestamp'],
  ['null', '[null]', 'must be an object'],
])('sets aside %s with the reason, and stores the good visits around it', async (_name, bad, reason) => {
  const { writer, insert, add } = setUp();
  const outcome = await writer.write([message(visit), { body: bad }, message(visit)]);
  expect(outcome).toMatchObject({ stored: 2, rejected: 1 });
  expect(insert).toHaveBeenCalledTimes(1);
  expect(add.mock.calls[0]?.[0]).toHaveLength(1);
  expect(add.mock.calls[0]?.[0][0]?.reason).toContain(reason);
});

test('puts the headers of a foreign publisher into each dead letter of its message', async () => {
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
    postponed: 0,
  });
});

test('fails as a whole, to be given again, when the visits cannot be stored', async () => {
  const { writer, insert } = setUp();
  insert.mockRejectedValueOnce(new Error('down'));
  await expect(writer.write([message(visit)])).rejects.toThrow('down');
});

test('fails as a whole when dead letters cannot be added, so that none is lost', async () => {
  const { writer, add } = setUp();
  add.mockRejectedValueOnce(new Error('down'));
  await expect(writer.write([{ body: '{' }, message(visit)])).rejects.toThrow('down');
});

test('stores a message of any number of visits, with a bounded number in a statement', async () => {
  const { writer, insert } = setUp();
  const visits = Array.from({ length: 12_000 }, () => visit);
  expect(await writer.write([message(...visits)])).toMatchObject({ stored: 12_000 });
  expect(Math.max(...insert.mock.calls.map(([rows]) => rows.length))).toBe(5000);
});

const idOf = (index: number) => `01a20d74-b2d3-75ae-b5ad-${index.toString(16).padStart(12, '0')}`;
const many = (count: number) => Array.from({ length: count }, (_, index) => ({ ...visit, id: idOf(index) }));

describe('a batch that the database refuses for its content', () => {
  /** Refuses every statement that contains one of these visits, as a check constraint would. */
  function refusing(ids: ReadonlySet<string>) {
    const services = setUp();
    const stored = new Set<string>();
    services.insert.mockImplementation((visits) => {
      if (visits.some(({ id }) => ids.has(id))) return Promise.reject(new ContentRefusedError('no such day'));
      for (const { id } of visits) stored.add(id);
      return Promise.resolve({ stored: visits.length, orphans: 0 });
    });
    return { ...services, stored };
  }

  test('is halved until each refused visit is alone: these are set aside, all others are stored', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        async (sizes, picks) => {
          const all = many(sizes.reduce((sum, size) => sum + size, 0));
          const poison = new Set(picks.map((pick) => idOf(pick % all.length)));
          const { writer, add, insert, stored } = refusing(poison);
          let start = 0;
          const messages = sizes.map((size) => message(...all.slice(start, (start += size))));
          const outcome = await writer.write(messages);
          expect(outcome).toMatchObject({ stored: all.length - poison.size, rejected: poison.size });
          expect(stored).toEqual(new Set(all.map(({ id }) => id)).difference(poison));
          const letters = add.mock.calls.flatMap(([some]) => some);
          expect(new Set(letters.map(({ body }) => (JSON.parse(body) as Visit).id))).toEqual(poison);
          expect(letters.every(({ reason }) => reason === 'refused: no such day')).toBe(true);
          expect(insert.mock.calls.length).toBeLessThanOrEqual(2 * all.length - 1);
        },
      ),
    );
  });

  test('costs a few statements when one visit of thousands is refused', async () => {
    const { writer, insert } = refusing(new Set([idOf(2777)]));
    await writer.write([message(...many(4000))]);
    expect(insert.mock.calls.length).toBeLessThan(30);
  });

  test('is set aside as messages that can be sent again, with the headers of their message', async () => {
    const { writer, add } = refusing(new Set([idOf(1)]));
    const headers = { 'x-tenant': 'a' };
    await writer.write([{ ...message(...many(3)), headers }]);
    const [letter] = add.mock.calls.flatMap(([letters]) => letters);
    expect(letter).toMatchObject({ headers });
    const again = setUp();
    expect(await again.writer.write([letter ?? { body: '' }])).toMatchObject({ stored: 1, rejected: 0 });
    expect(again.stored()).toEqual([idOf(1)]);
  });

  test('is set aside, too, when a defect of this program refuses it', async () => {
    const { writer, insert } = setUp();
    insert.mockRejectedValueOnce(new RangeError('Invalid time value'));
    expect(await writer.write([message(visit)])).toMatchObject({ stored: 0, rejected: 1 });
  });

  test('is not halved in an outage, but fails as a whole', async () => {
    const { writer, insert, add } = setUp();
    insert.mockRejectedValue(new DomainError('unavailable', 'The database does not answer right now.'));
    await expect(writer.write([message(...many(8))])).rejects.toThrow('does not answer');
    expect(insert).toHaveBeenCalledTimes(1);
    expect(add).not.toHaveBeenCalled();
  });
});

test('stores an id in upper case in lower case', async () => {
  const { writer, stored } = setUp();
  await writer.write([message(visit, { ...visit, id: visit.id.toUpperCase() })]);
  expect(new Set(stored())).toEqual(new Set([visit.id]));
});

describe('a visit of a later release', () => {
  const newer = { v: 2, id: visit.id, what: { has: 'changed' } };

  test('is postponed with its message, is no dead letter, and holds up no other visit', async () => {
    const { writer, insert, add, postpone } = setUp();
    const later = { body: JSON.stringify([newer, null]), headers: { 'x-tenant': 'a' } };
    expect(await writer.write([message(visit), later, message(visit)])).toMatchObject({
      stored: 2,
      rejected: 0,
      postponed: 1,
    });
    expect(insert).toHaveBeenCalledTimes(1);
    expect(add).not.toHaveBeenCalled();
    expect(postpone.mock.calls).toEqual([[[later]]]);
  });

  test('fails the batch when it cannot be postponed, so that it is not lost', async () => {
    const { writer, postpone } = setUp();
    postpone.mockRejectedValueOnce(new Error('down'));
    await expect(writer.write([{ body: JSON.stringify([newer]) }])).rejects.toThrow('down');
  });
});

describe('says that storage is stalled', () => {
  const down = () => Promise.reject(new Error('down'));

  test('when visits have come for a minute and none was stored, until one is', async () => {
    const { writer, insert, watch, clock } = setUp();
    insert.mockImplementation(down);
    for (let tries = 0; tries < 4; tries++) {
      expect(watch.isStalled()).toBe(false);
      await writer.write([message(visit)]).catch(() => {});
      clock.advance(15_000);
    }
    expect(watch.isStalled()).toBe(true);
    insert.mockResolvedValueOnce({ stored: 1, orphans: 0 });
    await writer.write([message(visit)]);
    expect(watch.isStalled()).toBe(false);
  });

  test('not when nothing comes, nor long after the last visit that was refused', async () => {
    const { writer, insert, watch, clock } = setUp();
    clock.advance(600_000);
    await writer.write([{ body: 'not JSON' }]);
    expect(watch.isStalled()).toBe(false);
    insert.mockRejectedValue(new ContentRefusedError('no'));
    await writer.write([message(visit)]);
    clock.advance(61_000);
    expect(watch.isStalled()).toBe(false);
  });
});

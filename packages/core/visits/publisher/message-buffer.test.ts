import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MessageBuffer } from './message-buffer.ts';
import { type OutgoingMessage, VISITS_PER_MESSAGE } from './outgoing-message.ts';

const COALESCE_MS = 20;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp() {
  const complete: OutgoingMessage[] = [];
  const journaled: string[] = [];
  const segment = { name: 'one' };
  const journal = {
    append: vi.fn((lines: Uint8Array) => {
      journaled.push(Buffer.from(lines).toString());
      return segment;
    }),
  };
  const buffer = new MessageBuffer({
    journal,
    coalesceMs: COALESCE_MS,
    onComplete: (message) => complete.push(message),
  });
  return { buffer, complete, journaled, segment };
}

const records = (count: number) => Array.from({ length: count }, (_, index) => `{"n":${index}}`);
const bodyOf = (message: OutgoingMessage | undefined) => message?.bytes?.body.toString();

test('open: gathers visits, each in the journal before anything else', () => {
  const { buffer, complete, journaled, segment } = setUp();
  const message = buffer.add(['{"n":1}']);
  expect(buffer.add(['{"n":2}', '{"n":3}'])).toBe(message);
  expect([buffer.open, complete]).toEqual([message, []]);
  expect(journaled).toEqual(['{"n":1}\n', '{"n":2}\n{"n":3}\n']);
  expect(message).toMatchObject({
    count: 3,
    visits: [
      { segment, count: 1 },
      { segment, count: 2 },
    ],
  });
});

test('complete after the time to coalesce, counted from its first visit', () => {
  const { buffer, complete } = setUp();
  buffer.add(['{"n":1}']);
  vi.advanceTimersByTime(COALESCE_MS - 1);
  buffer.add(['{"n":2}']);
  expect(complete).toHaveLength(0);
  vi.advanceTimersByTime(1);
  expect(complete.map(bodyOf)).toEqual(['{"n":1}\n{"n":2}\n']);
  expect(buffer.open).toBeUndefined();
  vi.advanceTimersByTime(10 * COALESCE_MS);
  expect(complete).toHaveLength(1);
});

test('complete at once when it has all the visits that a message may have', () => {
  const { buffer, complete } = setUp();
  buffer.add(records(VISITS_PER_MESSAGE - 1));
  expect(complete).toHaveLength(0);
  buffer.add(['{"last":true}']);
  expect(complete.map(({ count }) => count)).toEqual([VISITS_PER_MESSAGE]);
});

test('complete before visits for which it has no room, which open the next one', () => {
  const { buffer, complete } = setUp();
  buffer.add(records(VISITS_PER_MESSAGE - 1));
  buffer.add(['{"a":1}', '{"b":2}']);
  expect(complete.map(({ count }) => count)).toEqual([VISITS_PER_MESSAGE - 1]);
  buffer.complete();
  expect(complete.map(bodyOf).at(1)).toBe('{"a":1}\n{"b":2}\n');
});

test('complete before its bytes are full, and a visit that is larger than all of them goes alone', () => {
  const { buffer, complete } = setUp();
  const large = `{"x":"${'x'.repeat(200_000)}"}`;
  buffer.add(['{"n":1}']);
  buffer.add([large]);
  buffer.complete();
  expect(complete.map(bodyOf)).toEqual(['{"n":1}\n', `${large}\n`]);
});

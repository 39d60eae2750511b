import { expect, test, vi } from 'vitest';
import { createTestClock } from '@terse/platform/test-clock';
import { moveToOverflow, type Unanswered } from './move-to-overflow.ts';

function createMessages(count: number) {
  const done = new Set<string>();
  const read = vi.fn();
  async function* messages(): AsyncGenerator<Unanswered, void> {
    for (let index = 0; index < count; index++) {
      read();
      const body = String(index);
      yield { body, isDone: () => done.has(body), done: () => done.add(body) };
    }
  }
  return { done, read, messages: messages() };
}

const clock = createTestClock();

test('moves all messages, each once, and tries a refused one again', async () => {
  const { done, messages } = createMessages(100);
  const stored: string[] = [];
  let calls = 0;
  const add = (body: string) =>
    ++calls % 3 === 0 ? Promise.reject(new Error('down')) : Promise.resolve(void stored.push(body));
  await moveToOverflow({ overflow: { add }, clock, messages, isOver: () => false });
  expect(done.size).toBe(100);
  expect(stored.toSorted()).toEqual([...done].toSorted());
});

test('leaves out messages that the queue has taken meanwhile', async () => {
  const { done, messages } = createMessages(3);
  done.add('1');
  const add = vi.fn((_body: string) => Promise.resolve());
  await moveToOverflow({ overflow: { add }, clock, messages, isOver: () => false });
  expect(add.mock.calls.flat()).toEqual(['0', '2']);
});

test('reads no more messages than it can move, and ends when the time is up', async () => {
  const { done, read, messages } = createMessages(1000);
  let tries = 0;
  const add = () => Promise.reject(new Error('full'));
  await moveToOverflow({ overflow: { add }, clock, messages, isOver: () => ++tries > 200 });
  expect(done.size).toBe(0);
  expect(read.mock.calls.length).toBeLessThan(20);
});

import { expect, test, vi } from 'vitest';
import { createTestClock } from '@terse/platform/test-clock';
import { handOver, type Unanswered } from './hand-over.ts';

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

test('gives all of them to the overflow, each once, and tries one again that it does not take', async () => {
  const { done, messages } = createMessages(100);
  const kept: string[] = [];
  let calls = 0;
  const add = (body: string) =>
    ++calls % 3 === 0 ? Promise.reject(new Error('down')) : Promise.resolve(void kept.push(body));
  await handOver({ overflow: { add }, clock, messages, isOver: () => false });
  expect(done.size).toBe(100);
  expect(kept.toSorted()).toEqual([...done].toSorted());
});

test('leaves out what somebody else has taken meanwhile', async () => {
  const { done, messages } = createMessages(3);
  done.add('1');
  const add = vi.fn((_body: string) => Promise.resolve());
  await handOver({ overflow: { add }, clock, messages, isOver: () => false });
  expect(add.mock.calls.flat()).toEqual(['0', '2']);
});

test('reads no more than it can give away, and ends when the time is up', async () => {
  const { done, read, messages } = createMessages(1000);
  let tries = 0;
  const add = () => Promise.reject(new Error('full'));
  await handOver({ overflow: { add }, clock, messages, isOver: () => ++tries > 200 });
  expect(done.size).toBe(0);
  expect(read.mock.calls.length).toBeLessThan(20);
});

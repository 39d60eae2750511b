import { createTestClock } from '@terse/platform/test-clock';
import { expect, test, vi } from 'vitest';
import { createTestMetrics } from '../../test-metrics.ts';
import type { OutgoingMessage } from './outgoing-message.ts';
import { PublishWindow, type PublishWindowOptions } from './publish-window.ts';
import { completeMessage } from './test-messages.ts';

const IN_FLIGHT = 64;

function setUp(fallBack?: PublishWindowOptions['fallBack']) {
  const answers: PromiseWithResolvers<void>[] = [];
  const published: string[] = [];
  const done: OutgoingMessage[] = [];
  const metrics = createTestMetrics();
  const publishFailed = vi.spyOn(metrics, 'publishFailed');
  const overflowed = vi.spyOn(metrics, 'overflowed');
  const publisher = {
    publish: (body: string | Buffer) => {
      published.push(body.toString());
      const answer = Promise.withResolvers<void>();
      answers.push(answer);
      return answer.promise;
    },
  };
  const window = new PublishWindow({
    publisher,
    fallBack,
    clock: createTestClock(),
    metrics,
    onDone: (message) => done.push(message),
  });
  return { window, answers, published, done, publishFailed, overflowed };
}

test('waiting, in flight, done: publishes in order, a bounded number at once', async () => {
  const { window, answers, published, done } = setUp();
  const messages = Array.from({ length: IN_FLIGHT + 2 }, (_, index) => completeMessage(`${index}`));
  window.push(...messages);
  expect([window.inFlight.size, window.waiting.length]).toEqual([IN_FLIGHT, 2]);
  expect(published).toEqual(messages.slice(0, IN_FLIGHT).map((_, index) => `${index}`));
  answers[1]?.resolve();
  await vi.waitFor(() => expect(published.at(-1)).toBe(`${IN_FLIGHT}`));
  expect([done, window.waiting.length]).toEqual([[messages[1]], 1]);
});

test('in flight: a message that the queue refuses is published again, until the queue has it', async () => {
  const { window, answers, published, done, publishFailed } = setUp();
  const message = completeMessage('one');
  window.push(message);
  answers[0]?.reject(new Error('down'));
  await vi.waitFor(() => expect(answers).toHaveLength(2));
  expect([done, message.mayStillBeSent]).toEqual([[], true]);
  answers[1]?.resolve();
  await vi.waitFor(() => expect(done).toEqual([message]));
  expect(published).toEqual(['one', 'one']);
  expect(publishFailed).toHaveBeenCalledTimes(1);
});

test('in flight: the fall-back takes what the queue refuses', async () => {
  const taken: string[] = [];
  const { window, answers, published, done, overflowed } = setUp({
    add: (body) => Promise.resolve(void taken.push(body)),
  });
  window.push(completeMessage('one'));
  answers[0]?.reject(new Error('down'));
  await vi.waitFor(() => expect(done).toHaveLength(1));
  expect([published, taken]).toEqual([['one'], ['one']]);
  expect(overflowed).toHaveBeenCalledTimes(1);
});

test('done: told once, though queue and overflow queue both have it, and never published when it waited', async () => {
  const { window, answers, published, done } = setUp();
  const messages = Array.from({ length: IN_FLIGHT + 1 }, (_, index) => completeMessage(`${index}`));
  window.push(...messages);
  const [first, last] = [messages[0], messages.at(-1)];
  if (first) window.finish(first);
  if (last) window.finish(last);
  answers[0]?.resolve();
  await vi.waitFor(() => expect(window.waiting).toHaveLength(0));
  expect(done).toEqual([first, last]);
  expect(published).toHaveLength(IN_FLIGHT);
});

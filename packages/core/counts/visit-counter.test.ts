import { expect, test, vi } from 'vitest';
import type { ShortCode } from '../links/short-code.ts';
import { createTestClock } from '@terse/platform/test-clock';
import { createVisitCounter } from './visit-counter.ts';
import type { Counter } from './ports.ts';

const setUp = () => {
  const sent: [code: string, visits: number][][] = [];
  const counter = {
    add: vi.fn<Counter['add']>((_id, deltas) => {
      sent.push([...deltas]);
      return Promise.resolve();
    }),
  };
  const metrics = { countFailed: vi.fn<() => void>() };
  return { sent, counter, visitCounter: createVisitCounter({ counter, clock: createTestClock(), metrics }) };
};

const codes = (howMany: number) => Array.from({ length: howMany }, (_, index) => `code${index}` as ShortCode);

test('sums start again at 0 once they are sent, and links without a visit since then are not sent', async () => {
  const { sent, visitCounter } = setUp();
  const [first, second] = codes(2) as [ShortCode, ShortCode];
  for (const code of [first, second, first]) visitCounter.add(code);
  await visitCounter.flushed();
  visitCounter.add(second);
  await visitCounter.flushed();
  await visitCounter.flushed();
  expect(sent).toEqual([
    [
      [first, 2],
      [second, 1],
    ],
    [[second, 1]],
  ]);
});

test('counts right when more links are visited than are remembered', async () => {
  const { sent, visitCounter } = setUp();
  const many = codes(10_001);
  for (let round = 0; round < 2; round++) {
    for (const code of many) visitCounter.add(code);
    await visitCounter.flushed();
  }
  expect(sent.map((deltas) => deltas.length)).toEqual([10_001, 10_001]);
  expect(sent.flat().every(([, visits]) => visits === 1)).toBe(true);
});

test('visits that come while sums are under way are sent after them', async () => {
  const { sent, counter, visitCounter } = setUp();
  const [code] = codes(1) as [ShortCode];
  const arrived = Promise.withResolvers<void>();
  counter.add.mockImplementationOnce((_id, deltas) => {
    sent.push([...deltas]);
    return arrived.promise;
  });
  visitCounter.add(code);
  const flushed = visitCounter.flushed();
  await vi.waitFor(() => expect(counter.add).toHaveBeenCalled());
  visitCounter.add(code);
  visitCounter.add(code);
  arrived.resolve();
  await flushed;
  await visitCounter.flushed();
  expect(sent).toEqual([[[code, 1]], [[code, 2]]]);
});

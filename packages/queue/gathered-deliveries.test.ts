import { expect, test } from 'vitest';
import { GatheredDeliveries } from './gathered-deliveries.ts';

function gather(...bodies: readonly string[]): GatheredDeliveries {
  const gathered = new GatheredDeliveries({ maxMessages: 3, maxLength: 10 });
  for (const body of bodies) gathered.add({ body, acknowledge: () => {} });
  return gathered;
}

const bodies = (gathered: GatheredDeliveries) => gathered.take().map(({ body }) => body);

test('are complete when there are many, or when they are long', () => {
  expect(gather('1', '2').isComplete).toBe(false);
  expect(gather('1', '2', '3').isComplete).toBe(true);
  expect(gather('123456789').isComplete).toBe(false);
  expect(gather('1234567890').isComplete).toBe(true);
});

test('leave in their order, within the bounds of a batch', () => {
  const gathered = gather('1', '2', '3', '4', '5678901', '2345');
  expect(bodies(gathered)).toEqual(['1', '2', '3']);
  expect(bodies(gathered)).toEqual(['4', '5678901']);
  expect(gathered.isComplete).toBe(false);
  expect(bodies(gathered)).toEqual(['2345']);
  expect(gathered.isEmpty).toBe(true);
});

test('leave singly when one is longer than a batch', () => {
  const gathered = gather('1', '234567890123', '4');
  expect([bodies(gathered), bodies(gathered), bodies(gathered)]).toEqual([['1'], ['234567890123'], ['4']]);
});

import { expect, test, vi } from 'vitest';
import { createTestClock } from '@terse/platform/test-clock';
import { periodOf, readSchedules, type Schedule } from './schedules.ts';
import { createTicker } from './ticker.ts';

const FLUSH: Schedule = {
  name: 'Flush',
  everyMs: 60_000,
  target: 'counter-flush',
  input: '{"task":"flush"}',
};
const MAINTAIN: Schedule = { ...FLUSH, name: 'Maintain', everyMs: 3_600_000, input: '{"task":"maintain"}' };

test('invokes each schedule at once, and again when its period has passed', async () => {
  const clock = createTestClock();
  const invoke = vi.fn(() => Promise.resolve());
  const schedules = () => Promise.resolve([FLUSH, MAINTAIN]);
  const ticker = createTicker({ schedules, invoke, clock, onFailure: vi.fn() });
  for (let seconds = 0; seconds < 7200; seconds += 5) {
    await ticker.tick();
    clock.advance(5000);
  }
  const inputs = invoke.mock.calls.map(([, input]: unknown[]) => input);
  expect(inputs.slice(0, 3)).toEqual([FLUSH.input, MAINTAIN.input, FLUSH.input]);
  expect(inputs.filter((input) => input === FLUSH.input)).toHaveLength(120);
  expect(inputs.filter((input) => input === MAINTAIN.input)).toHaveLength(2);
});

test('a failed schedule is reported, delays no other, and waits for its next period', async () => {
  const clock = createTestClock();
  const onFailure = vi.fn();
  const invoke = vi.fn((_target: string, input: string) =>
    input === FLUSH.input ? Promise.reject(new Error('503')) : Promise.resolve(),
  );
  const schedules = () => Promise.resolve([FLUSH, MAINTAIN]);
  const ticker = createTicker({ schedules, invoke, clock, onFailure });
  await ticker.tick();
  await ticker.tick();
  expect(invoke).toHaveBeenCalledTimes(2);
  expect(onFailure).toHaveBeenCalledExactlyOnceWith(FLUSH, expect.any(Error));
});

test.each([
  ['rate(1 minute)', 60_000],
  ['rate(5 minutes)', 300_000],
  ['rate(1 hour)', 3_600_000],
  ['rate(2 days)', 172_800_000],
])('knows the period of %s', (expression, ms) => {
  expect(periodOf(expression)).toBe(ms);
});

test('refuses a schedule that is no rate', () => {
  expect(() => periodOf('cron(0 9 * * ? *)')).toThrow('Only rate(…) is supported, not cron(0 9 * * ? *).');
});

test('ignores a disabled schedule', async () => {
  const found = (Name: string, State?: string) => ({
    Name,
    ScheduleExpression: 'rate(1 minute)',
    State,
    Target: { Arn: 'arn:aws:lambda:eu-central-1:000000000000:function:counter-flush', Input: FLUSH.input },
  });
  const all = { A: found('A'), B: found('B', 'DISABLED'), C: found('C', 'ENABLED') };
  const ask = ({ path }: { readonly path: string }) =>
    Promise.resolve(
      path === '/schedules'
        ? { Schedules: Object.values(all) }
        : all[path.replace('/schedules/', '') as keyof typeof all],
    );
  const schedules = await readSchedules(ask);
  expect(schedules.map(({ name, target }) => [name, target])).toEqual([
    ['A', 'counter-flush'],
    ['C', 'counter-flush'],
  ]);
});

import { expect, test, vi } from 'vitest';
import { createTestClock } from '@terse/platform/test-clock';
import { createLog } from '../telemetry/log.ts';
import { reportErrorsOf } from './service-errors.ts';

test("tells the first error with the part's name, and of a flood of them only how many", () => {
  const clock = createTestClock();
  const log = createLog('silent');
  const warn = vi.spyOn(log, 'warn');
  const report = reportErrorsOf('redis', { log, clock });
  const error = new Error('Unknown RESP type');
  for (let times = 0; times < 10_000; times++) report(error);
  clock.advance(5000);
  report(error);
  expect(warn.mock.calls).toEqual([
    [{ err: error, part: 'redis' }, 'redis failed, and is tried again'],
    [{ err: error, part: 'redis', left_out: 9999 }, 'redis failed, and is tried again'],
  ]);
});

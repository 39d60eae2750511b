import { expect, test, vi } from 'vitest';
import { createTestClock } from '@terse/platform/test-clock';
import { createLog } from '../telemetry/log.ts';
import { reportErrorsOf } from './service-errors.ts';

test('logs the first error with the name of the service, and of a flood only how many', () => {
  const clock = createTestClock();
  const log = createLog('silent');
  const warn = vi.spyOn(log, 'warn');
  const report = reportErrorsOf('redis', { log, clock });
  const error = new Error('Unknown RESP type');
  for (let times = 0; times < 10_000; times++) report(error);
  clock.advance(5000);
  report(error);
  expect(warn.mock.calls).toEqual([
    [{ err: error, service: 'redis' }, 'redis failed, and is tried again'],
    [{ err: error, service: 'redis', left_out: 9999 }, 'redis failed, and is tried again'],
  ]);
});

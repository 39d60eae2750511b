import { DomainError } from '@terse/core/errors';
import { expect, test, vi } from 'vitest';
import { reportCauses } from './report-causes.ts';

const down = new DomainError('unavailable', 'It does not answer.', [], { cause: new Error('refused') });

test('a thousand failed calls make two lines, and each call is counted', () => {
  const log = vi.fn<(details: Readonly<Record<string, unknown>>, message: string) => void>();
  let time = 0;
  const report = reportCauses(log, () => time);
  for (let caller = 0; caller < 999; caller++) report(down, String(caller));
  time = 5000;
  report(down, '999');
  expect(log.mock.calls).toEqual([
    [{ err: down.cause, request_id: '0' }, down.message],
    [{ err: down.cause, request_id: '999', left_out: 998 }, down.message],
  ]);
});

test('an error of another code has its own lines', () => {
  const log = vi.fn<(details: Readonly<Record<string, unknown>>, message: string) => void>();
  const report = reportCauses(log, () => 0);
  report(down, '1');
  report(new DomainError('internal_error', 'Unexpected.', [], { cause: new Error('why') }), '2');
  expect(log).toHaveBeenCalledTimes(2);
});

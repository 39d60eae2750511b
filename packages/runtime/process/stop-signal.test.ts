import { EventEmitter } from 'node:events';
import { createTestClock } from '@terse/platform/test-clock';
import { beforeEach, expect, type Mock, test, vi } from 'vitest';
import { untilToldToStop } from './stop-signal.ts';

let clock: ReturnType<typeof createTestClock>;
let signalled: EventEmitter & { exit: Mock<(code: number) => void> };
let told: Promise<void>;
beforeEach(() => {
  clock = createTestClock();
  signalled = Object.assign(new EventEmitter(), { exit: vi.fn<(code: number) => void>() });
  told = untilToldToStop(signalled, clock);
});

test.each(['SIGTERM', 'SIGINT'])('stops once at %s, however many signals come together', async (signal) => {
  for (const each of [signal, signal, 'SIGTERM', 'SIGINT']) signalled.emit(each);
  await expect(told).resolves.toBeUndefined();
  expect(signalled.exit).not.toHaveBeenCalled();
});

test.each(['SIGTERM', 'SIGINT'])(
  'a person who interrupts the stop that %s began ends it at once',
  (signal) => {
    signalled.emit(signal);
    clock.advance(1001);
    signalled.emit('SIGTERM');
    expect(signalled.exit, 'a supervisor waits').not.toHaveBeenCalled();
    signalled.emit('SIGINT');
    expect(signalled.exit).toHaveBeenCalledExactlyOnceWith(130);
  },
);

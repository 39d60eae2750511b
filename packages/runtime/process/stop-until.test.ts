import { expect, test } from 'vitest';
import { stopUntil } from './stop-until.ts';

test('follows the signal, with its reason', () => {
  const outer = new AbortController();
  const { signal } = stopUntil(outer.signal);
  expect(signal.aborted).toBe(false);
  outer.abort(new Error('stopped'));
  expect(signal.reason).toEqual(new Error('stopped'));
});

test('follows a signal that was sent before', () => {
  expect(stopUntil(AbortSignal.abort(new Error('stopped'))).signal.reason).toEqual(new Error('stopped'));
});

test('ignores a signal that comes after it was shut off', () => {
  const outer = new AbortController();
  const { signal, shutOff } = stopUntil(outer.signal);
  shutOff();
  outer.abort();
  expect(signal.aborted).toBe(false);
});

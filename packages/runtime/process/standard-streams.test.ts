import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { createOutput } from './standard-streams.ts';

const fault = (code: string) => Object.assign(new Error(`${code}: write`), { code });
const GONE = ['EPIPE', 'EIO', 'ENOSPC', 'EDQUOT', 'EFBIG', 'EBADF'] as const;

/** A descriptor that takes so many bytes at each step, or fails. After the last step, it takes everything. */
function descriptor(steps: readonly (number | string)[]) {
  const taken: number[] = [];
  const left = [...steps];
  const write = (_: number, bytes: Uint8Array): number => {
    const step = left.shift() ?? bytes.length;
    if (typeof step === 'string') throw fault(step);
    taken.push(...bytes.subarray(0, step));
    return Math.min(step, bytes.length);
  };
  return { write, text: () => Buffer.from(taken).toString() };
}

test('whatever a descriptor does, no write fails, and the lines that it took are whole and in order', () => {
  vi.spyOn(Atomics, 'wait').mockReturnValue('timed-out');
  const step = fc.oneof(fc.integer({ min: 1, max: 6 }), fc.constantFrom('EAGAIN', ...GONE));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat(20), (steps, count) => {
      const { write, text } = descriptor(steps);
      const output = createOutput(1, write);
      for (let line = 0; line < count; line++) output.write(`<${line} ü>\n`);
      // By now the descriptor takes everything.
      for (const _ of steps) output.write('');
      const numbers = text()
        .split('\n')
        .slice(0, -1)
        .map((line) => Number(/^<(\d+) ü>$/.exec(line)?.[1]));
      expect(text()).toMatch(/^$|\n$/);
      expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
      const isTaken = steps.every((each) => typeof each === 'number');
      expect(numbers).toHaveLength(isTaken ? count : numbers.length);
    }),
    { numRuns: 500 },
  );
});

test.each(GONE)('text is written again once a descriptor that failed with %s takes it', (code) => {
  const { write, text } = descriptor([code, code]);
  const output = createOutput(1, write);
  for (const line of ['one\n', 'two\n', 'three\n']) output.write(line);
  expect(text()).toBe('three\n');
});

test('a reader that stops reading holds up one write, and the next ones only after it has read again', () => {
  const wait = vi.spyOn(Atomics, 'wait').mockReturnValue('timed-out');
  const stalled = Array.from({ length: 11 + 3 }, () => 'EAGAIN');
  const { write, text } = descriptor([2, ...stalled, 100, 'EAGAIN']);
  const output = createOutput(1, write);
  output.write('one\n');
  expect(wait).toHaveBeenCalledTimes(10);
  for (let line = 0; line < 3; line++) output.write('dropped\n');
  expect(wait).toHaveBeenCalledTimes(10);
  output.write('two\n');
  expect(wait).toHaveBeenCalledTimes(11);
  expect(text()).toBe('one\ntwo\n');
});

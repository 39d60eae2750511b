import { writeSync } from 'node:fs';

/** Writes text at once. Text that it cannot write is dropped: a log must never end the process that writes it. */
export interface Output {
  write(text: string): void;
}

type WriteBytes = (descriptor: number, bytes: Uint8Array) => number;

const WAIT_MS = 10;
const MAX_WAITS = 10;

export const standardOutput = createOutput(1);
export const standardError = createOutput(2);

/**
 * Writes to an open file, pipe or terminal. A text is dropped when the reader is gone, the disk is full, or the pipe
 * has been full for a tenth of a second. A partly written text is completed before the next, so lines stay whole.
 */
export function createOutput(descriptor: number, writeBytes: WriteBytes = writeSync): Output {
  let rest: Uint8Array = new Uint8Array();
  let isStalled = false;

  /** Whether all bytes were taken. */
  function put(bytes: Uint8Array): boolean {
    rest = bytes;
    // A reader that does not read holds up only one text.
    let waits = isStalled ? MAX_WAITS : 0;
    while (rest.length > 0) {
      try {
        rest = rest.subarray(writeBytes(descriptor, rest));
        isStalled = false;
      } catch (error) {
        isStalled = isBusy(error);
        if (!isStalled || waits === MAX_WAITS) return false;
        waits++;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS);
      }
    }
    return true;
  }

  return {
    write: (text) => {
      if (!put(rest)) return;
      const bytes = Buffer.from(text);
      const isWhole = put(bytes) || rest.length === bytes.length;
      if (isWhole) rest = new Uint8Array();
    },
  };
}

/** npm and other parents share pipes that do not block. */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN';
}

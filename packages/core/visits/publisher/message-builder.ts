/** A message that is complete. */
export interface BuiltMessage {
  readonly body: Buffer;
  /** Gives its memory back, when nobody reads the body any more. */
  release(): void;
}

/**
 * Puts the bodies of messages together: arrays of JSON, in bytes outside of the heap. As strings, the visits of the 20 ms in
 * which a message gathers are what the garbage collector is busy with: they live just long enough to be copied twice and to
 * become old.
 */
export interface MessageBuilder {
  /** Whether the message has room for this text. One that is empty has room for any. */
  hasRoomFor(joined: string): boolean;
  /** Adds joined records. @returns their bytes from the line break before them on, valid until `complete`. */
  add(joined: string): Uint8Array;
  /** The message, after which the next one begins. */
  complete(): BuiltMessage;
}

/** What 256 visits with the usual user agents and referrers take, and half of that again. */
const MESSAGE_BYTES = 128 * 1024;
const MAX_FREE = 8;
const MAX_BYTES_PER_CODE_UNIT = 3;

const OPENING = '['.charCodeAt(0);
const CLOSING = ']'.charCodeAt(0);
const COMMA = ','.charCodeAt(0);
const LINE_BREAK = '\n'.charCodeAt(0);
/** A bracket or a comma and a line break before, a closing bracket after. */
const AROUND = 3;

export function createMessageBuilder(): MessageBuilder {
  const free: Buffer[] = [];
  let bytes: Buffer = Buffer.allocUnsafeSlow(MESSAGE_BYTES);
  let length = 0;

  function fits(joined: string): boolean {
    const room = bytes.length - length - AROUND;
    return joined.length * MAX_BYTES_PER_CODE_UNIT <= room || Buffer.byteLength(joined) <= room;
  }

  function giveBack(used: Buffer): void {
    if (used.length === MESSAGE_BYTES && free.length < MAX_FREE) free.push(used);
  }

  return {
    hasRoomFor: (joined) => length === 0 || fits(joined),

    add: (joined) => {
      if (length === 0 && !fits(joined)) {
        giveBack(bytes);
        bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(joined) + AROUND);
      }
      bytes[length] = length === 0 ? OPENING : COMMA;
      const start = length + 1;
      bytes[start] = LINE_BREAK;
      length = start + 1 + bytes.write(joined, start + 1);
      return bytes.subarray(start, length);
    },

    complete: () => {
      bytes[length++] = CLOSING;
      const used = bytes;
      const body = used.subarray(0, length);
      length = 0;
      // Many messages of a few visits may be waiting.
      if (body.length <= MESSAGE_BYTES / 2) return { body: Buffer.from(body), release: () => {} };
      bytes = free.pop() ?? Buffer.allocUnsafeSlow(MESSAGE_BYTES);
      return { body, release: () => giveBack(used) };
    },
  };
}

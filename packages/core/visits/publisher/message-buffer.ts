import type { Journal } from '../ports.ts';
import { linesOf } from '../visit-lines.ts';
import { createMessageBytesWriter } from './message-bytes.ts';
import { openMessage, type OutgoingMessage, VISITS_PER_MESSAGE } from './outgoing-message.ts';

export interface MessageBufferOptions {
  /** Takes the visits before anything else is done with them. */
  readonly journal: Pick<Journal, 'append'> | undefined;
  /** How long a visit waits for others to be published with, in milliseconds. */
  readonly coalesceMs: number;
  readonly onComplete: (message: OutgoingMessage) => void;
}

/** Coalesces visits into messages: one is complete with 256 visits, when its bytes are full, or after `coalesceMs`. */
export class MessageBuffer {
  readonly #options: MessageBufferOptions;
  readonly #bytes = createMessageBytesWriter();
  #open: OutgoingMessage | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: MessageBufferOptions) {
    this.#options = options;
  }

  /** The message that gathers visits now. */
  get open(): OutgoingMessage | undefined {
    return this.#open;
  }

  /** Adds visits, and returns the message that they are in. */
  add(records: readonly string[]): OutgoingMessage {
    const lines = linesOf(records);
    const { length: count } = records;
    if (this.#open && !this.#hasRoom(this.#open, lines, count)) this.complete();
    const message = (this.#open ??= openMessage());
    const bytes = this.#bytes.add(lines);
    message.visits.push({ segment: this.#options.journal?.append(bytes, count), count });
    message.count += count;
    if (message.count >= VISITS_PER_MESSAGE) this.complete();
    else this.#timer ??= setTimeout(() => this.complete(), this.#options.coalesceMs);
    return message;
  }

  /** Completes the open message, if there is one. */
  complete(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const message = this.#open;
    if (!message) return;
    this.#open = undefined;
    message.bytes = this.#bytes.complete();
    this.#options.onComplete(message);
  }

  #hasRoom(open: OutgoingMessage, lines: string, count: number): boolean {
    return open.count + count <= VISITS_PER_MESSAGE && this.#bytes.hasRoomFor(lines);
  }
}

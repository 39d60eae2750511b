import type { Delivery } from '@terse/core/visits/ports';

export interface BatchSize {
  readonly maxMessages: number;
  /** The length of all bodies together, in UTF-16 code units. */
  readonly maxLength: number;
}

/** Deliveries that no batch has taken yet, in their order. */
export class GatheredDeliveries {
  readonly #size: BatchSize;
  readonly #deliveries: Delivery[] = [];
  #length = 0;

  constructor(size: BatchSize) {
    this.#size = size;
  }

  get isEmpty(): boolean {
    return this.#deliveries.length === 0;
  }

  /** Whether there is enough for a batch. */
  get isComplete(): boolean {
    return this.#deliveries.length >= this.#size.maxMessages || this.#length >= this.#size.maxLength;
  }

  add(delivery: Delivery): void {
    this.#deliveries.push(delivery);
    this.#length += delivery.body.length;
  }

  /** Takes out the next batch. It has one delivery at least, however long that is. */
  take(): Delivery[] {
    const { maxMessages, maxLength } = this.#size;
    let taken = 0;
    let takenLength = 0;
    for (const { body } of this.#deliveries) {
      if (taken === maxMessages || (taken > 0 && takenLength + body.length > maxLength)) break;
      taken++;
      takenLength += body.length;
    }
    this.#length -= takenLength;
    return this.#deliveries.splice(0, taken);
  }
}

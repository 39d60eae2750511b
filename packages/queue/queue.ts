/** Sends messages to the queue of visits. */
export interface Publisher {
  /**
   * Resolves once the queue answers for the message: it survives this process. Rejects when that is not certain. The
   * body is text, or its bytes in UTF-8, which stay as they are until then.
   */
  publish(body: string | Buffer): Promise<void>;
}

/** A message as it lies in the queue. */
export interface Message {
  readonly body: string;
  /** What a foreign publisher has said about it; Terse itself says nothing. Plain JSON, and bounded in size. */
  readonly headers?: Record<string, unknown> | undefined;
}

/** A message, ours until it is acknowledged or the subscription ends. */
export interface Delivery extends Message {
  /** It was dealt with: the queue forgets it. */
  acknowledge(): void;
}

/** Postpones messages that only a later release can read. */
export interface Postponer {
  /**
   * Delivers the messages again after a while, to whoever subscribes then, without blocking those behind them.
   * Resolves once the queue has them safely, so that their deliveries may be acknowledged.
   */
  postpone(messages: readonly Message[]): Promise<void>;
}

export interface Subscription {
  /** Takes no more messages. Those not acknowledged by now are delivered again, to whoever subscribes. */
  close(): Promise<void>;
}

/** Receives messages from the queue of visits. */
export interface Subscriber {
  /** `prefetch` bounds how many deliveries are unacknowledged at once. */
  subscribe(prefetch: number, onDelivery: (delivery: Delivery) => void): Subscription;
}

/** How far behind the subscribers are. */
export interface Backlog {
  /** How many messages no subscriber has now, postponed ones among them. Rejects when the queue does not say. */
  waiting(): Promise<number>;
  /** How many dead letters there are. Rejects when the queue does not say. */
  dead(): Promise<number>;
  /** How many deliveries this process holds unacknowledged. */
  unacknowledged(): number;
}

/** What could not be stored, kept for a person to look at. */
export interface DeadLetter extends Message {
  readonly reason: string;
}

export interface DeadLetters {
  /** Resolves once they are kept. */
  add(letters: readonly DeadLetter[]): Promise<void>;
}

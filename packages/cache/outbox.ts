export interface OutboxMessage {
  readonly id: string;
  readonly body: string;
}

/**
 * Keeps messages that the queue did not take, for functions that have no disk or whose disk may go with them. It is
 * shared: whoever drains it may be another process than the one that filled it. A message may come out twice, so what
 * it says must be safe to do twice.
 */
export interface Outbox {
  /** Resolves once the message is kept. Rejects when that is not certain, or when the outbox is full. */
  add(body: string): Promise<void>;
  /** The oldest messages, which stay until they are removed. */
  peek(limit: number): Promise<readonly OutboxMessage[]>;
  /** Forgets messages that the queue has taken; one that is gone already is passed over. */
  remove(ids: readonly string[]): Promise<void>;
}

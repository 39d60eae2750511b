import type { CounterBatch } from './counter-batch.ts';
import type { ShortCode } from '../links/short-code.ts';

/**
 * Visit counts on their way to the repository. Deltas gather in an open batch, which has an id from its first delta on.
 * `freeze` closes the batch; a frozen batch stays until it is settled. A reader that asks the repository which batches
 * it has applied sees each delta exactly once.
 */
export interface Counter {
  /** Adds deltas. Adding the same `addId` again within ten minutes changes nothing, so it is safe to retry. */
  add(addId: string, deltas: ReadonlyMap<ShortCode, number>): Promise<void>;
  /** The batches to apply now: those that are not settled; where there is none, the open batch, which this closes. */
  freeze(): Promise<readonly CounterBatch[]>;
  /** Forgets a batch that the repository has applied. Settling twice, or an unknown id, does nothing. */
  settle(batchId: string): Promise<void>;
  /** The unsettled and the open batches. With codes, only the deltas of these codes, and only batches that have any. */
  pending(codes?: readonly ShortCode[]): Promise<readonly CounterBatch[]>;
}

export interface CounterRepository {
  /** Adds the deltas to `links.visit_count` unless the batch is in the ledger. Resolves with whether it did. */
  apply(batch: CounterBatch): Promise<boolean>;
  /** Removes at most `limit` ledger entries from before a time. Resolves with their number. */
  prune(before: Date, limit: number): Promise<number>;
}

/** Links whose counts are behind, and the code after which to continue. */
export interface CountsBehind {
  readonly codes: readonly ShortCode[];
  readonly next: ShortCode | undefined;
}

export interface TakenBack {
  readonly links: number;
  readonly visits: number;
}

/**
 * Compares `links.visit_count` with the visits that are stored and merged. A write that raises a total or lowers a
 * count marks the link, so marks lead to counts that are behind. A walk through all links finds counts that are ahead.
 */
export interface CountDifferenceRepository {
  /** Looks at `limit` marks after a code, removes those of links that are not behind, and returns the other links. */
  behind(limit: number, after?: ShortCode): Promise<CountsBehind>;
  /** How many visits each link lacks, beyond those in the pending batches. */
  missing(
    codes: readonly ShortCode[],
    pending: readonly CounterBatch[],
  ): Promise<ReadonlyMap<ShortCode, number>>;
  /** Adds what is still missing, at most the given number for each link. Resolves with the number of changed links. */
  restore(missing: ReadonlyMap<ShortCode, number>, pending: readonly CounterBatch[]): Promise<number>;
  /** Looks at the next `limit` links: marks those behind, and remembers the smallest surplus seen of each. */
  walk(limit: number): Promise<void>;
  /**
   * Notes whether the queue and the overflow queue are empty. After a backlog of five minutes, every surplus starts its
   * window anew.
   */
  noteBacklog(isAtRest: boolean): Promise<void>;
  /** Takes back surpluses that have stood for `standingMs`, of at most `limit` links. */
  takeBack(standingMs: number, limit: number): Promise<TakenBack>;
  /** The sum of the surpluses that have stood for a quarter of an hour. */
  ahead(): Promise<number>;
}

import type { CounterBatch } from '@terse/core/counter-batch';
import type { ShortCode } from '@terse/core/short-code';

/**
 * Visit counts on their way to the repository. Deltas gather in an open batch that has its id from its first delta on;
 * `freeze` closes it, and a frozen batch stays until it is settled. So a reader can ask the repository which batches it
 * has applied, and neither misses a delta nor sees one twice.
 */
export interface Counter {
  /** Adds deltas. Adding the same `addId` again within ten minutes changes nothing, so it is safe to retry. */
  add(addId: string, deltas: ReadonlyMap<ShortCode, number>): Promise<void>;
  /** The batches to apply now: unsettled ones first; where there is none, the open batch is closed and given. */
  freeze(): Promise<readonly CounterBatch[]>;
  /** Forgets a batch that the repository has applied. Settling twice, or an unknown id, does nothing. */
  settle(batchId: string): Promise<void>;
  /** The unsettled and the open batches; with codes, each reduced to them and left out when it has none of them. */
  pending(codes?: readonly ShortCode[]): Promise<readonly CounterBatch[]>;
}

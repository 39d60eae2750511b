import type { ShortCode } from '../links/short-code.ts';

/** Visit counts that are applied together, exactly once, under their id. */
export interface CounterBatch {
  readonly id: string;
  readonly deltas: ReadonlyMap<ShortCode, number>;
}

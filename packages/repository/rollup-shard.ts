import type { ShortCode } from '@terse/core/links/short-code';

/**
 * The number of shards of rollup deltas. It never changes: another number would hide the deltas that are stored.
 */
const SHARDS = 256;

/** The shard in which the deltas of a link lie. */
export function shardOf(code: ShortCode): number {
  let hash = 0;
  for (let at = 0; at < code.length; at++) hash = (Math.imul(hash, 31) + code.charCodeAt(at)) >>> 0;
  return hash % SHARDS;
}

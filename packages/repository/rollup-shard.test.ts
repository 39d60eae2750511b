import type { ShortCode } from '@terse/core/links/short-code';
import { expect, test } from 'vitest';
import { shardOf } from './rollup-shard.ts';

test('keeps a link in its shard for ever, and spreads links over the shards', () => {
  expect(['hello', 'a', '-_9Z'].map((text) => shardOf(text as ShortCode))).toEqual([210, 97, 147]);
  const codes = Array.from({ length: 5000 }, (_, index) => `code${index}` as ShortCode);
  expect(new Set(codes.map(shardOf)).size).toBeGreaterThan(240);
});

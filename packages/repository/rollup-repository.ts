import type { Kysely } from 'kysely';
import type { RollupRepository } from '@terse/core/stats/ports';
import { createLinkRollups } from './link-rollups.ts';
import { createRollupMerges } from './rollup-merges.ts';
import type { Database } from './schema.ts';

export function createRollupRepository({ db }: { db: Kysely<Database> }): RollupRepository {
  return { ...createLinkRollups(db), ...createRollupMerges(db) };
}

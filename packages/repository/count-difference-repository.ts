import type { Kysely } from 'kysely';
import type { CountDifferenceRepository } from '@terse/core/counts/ports';
import type { Clock } from '@terse/platform/clock';
import { createCountSurpluses } from './count-surpluses.ts';
import { createCountsBehind } from './counts-behind.ts';
import type { Database } from './schema.ts';

export function createCountDifferenceRepository(options: {
  db: Kysely<Database>;
  clock: Clock;
}): CountDifferenceRepository {
  const { db, clock } = options;
  return { ...createCountsBehind(db), ...createCountSurpluses(db, clock) };
}

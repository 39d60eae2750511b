import type { Database } from './schema.ts';

/**
 * Every table. `content` comes from people and visitors; `upkeep` comes from the counter-flush, even without content.
 */
const TABLES = {
  links: 'content',
  api_keys: 'content',
  visits: 'content',
  orphan_visits: 'content',
  hourly_rollups: 'content',
  rollup_deltas: 'content',
  monthly_rollups: 'content',
  visit_totals: 'content',
  counter_batches: 'upkeep',
  counts_to_compare: 'upkeep',
  count_surpluses: 'upkeep',
  count_progress: 'upkeep',
} as const satisfies Record<keyof Database, 'content' | 'upkeep'>;

export const TABLE_NAMES = Object.keys(TABLES) as readonly (keyof Database)[];
export const CONTENT_TABLES = TABLE_NAMES.filter((name) => TABLES[name] === 'content');

/** Every function that the migrations make. */
export const FUNCTION_NAMES = [
  'ensure_visit_partition',
  'first_uuid_of',
  'total_visits_after_insert',
  'total_visits_after_update',
  'whole_or_nothing',
] as const;

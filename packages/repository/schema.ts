import type { ColumnType, GeneratedAlways, JSONColumnType } from 'kysely';
import type { LinkOptions } from '@terse/core/links/link';
import type { ShortCode } from '@terse/core/links/short-code';
import type { MonthlyVisits, RollupDelta } from '@terse/core/stats/rollup';

/**
 * Columns of every table that people write. Only the model service can set them: elsewhere it does not compile.
 */
export interface BaseModel {
  created_at: ColumnType<Date, never, never>;
  updated_at: ColumnType<Date, never, never>;
  deleted_at: ColumnType<Date | null, never, never>;
}

export interface LinkTable extends BaseModel, LinkOptions {
  short_code: ColumnType<ShortCode, ShortCode, never>;
  original_url: string;
  visit_count: ColumnType<number, never, never>;
  version: ColumnType<number, never, never>;
  /** For search only: the URL in Unicode and lower case, where Unicode makes a difference. */
  readable_url: string | null;
  /** For search only: the folded title, where the title is not ASCII. */
  folded_title: string | null;
}

export interface ApiKeyTable extends BaseModel {
  /** SHA-256 of the key, hexadecimal. */
  key_hash: ColumnType<string, string, never>;
  name: string;
}

export interface VisitTable {
  /** UUIDv7; the table is partitioned by the day in it. */
  id: string;
  short_code: ShortCode;
  ip: string | null;
  timestamp: Date;
  user_agent: string | null;
  referrer: string | null;
  country: string | null;
  is_bot: boolean;
}

/** Not partitioned: it has few rows, unless something is wrong. */
export type OrphanVisitTable = VisitTable;

/** Visits per link and hour. */
export interface HourlyRollupTable {
  short_code: ShortCode;
  hour: Date;
  visits: number;
  bot_visits: number;
}

/** Rollup deltas of some links that were stored together, until they are merged into the hourly and monthly rollups. */
export interface RollupDeltaTable {
  shard: number;
  id: GeneratedAlways<number>;
  deltas: JSONColumnType<RollupDelta[]>;
}

/** Visits per link and UTC month. */
export interface MonthlyRollupTable {
  short_code: ShortCode;
  /** The first day of the month. */
  month: Date;
  /** Raised by each merge, so that a month read before a merge is not written after it. */
  version: number;
  data: JSONColumnType<MonthlyVisits>;
}

/** Ids of the counter batches that are in `links.visit_count`. */
export interface CounterBatchTable {
  id: string;
  applied_at: Date;
}

/** Visits by people per link, which triggers keep equal to the sum of `hourly_rollups`. */
export interface VisitTotalTable {
  short_code: ShortCode;
  visits: number;
}

/** Links whose count may be behind, because their total rose or their count fell. */
export interface CountToCompareTable {
  short_code: ShortCode;
  /** Grows each time the link is marked again. */
  version: number;
}

/** The smallest surplus of a count over its total, since the count was first seen ahead. */
export interface CountSurplusTable {
  short_code: ShortCode;
  surplus: number;
  since: Date;
}

/** One row: how far the walk through the links has come, and when a long backlog last ended. */
export interface CountProgressTable {
  id: boolean;
  walked_to: string;
  busy_since: Date | null;
  rested_at: Date;
}

export interface Database {
  links: LinkTable;
  api_keys: ApiKeyTable;
  visits: VisitTable;
  orphan_visits: OrphanVisitTable;
  hourly_rollups: HourlyRollupTable;
  rollup_deltas: RollupDeltaTable;
  monthly_rollups: MonthlyRollupTable;
  counter_batches: CounterBatchTable;
  visit_totals: VisitTotalTable;
  counts_to_compare: CountToCompareTable;
  count_surpluses: CountSurplusTable;
  count_progress: CountProgressTable;
}

/** The tables that carry the base columns, with their keys. */
export interface ModelKeys {
  links: 'short_code';
  api_keys: 'key_hash';
}

export type ModelTable = keyof ModelKeys;

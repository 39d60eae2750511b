import type { FunctionName } from './config.ts';

/** How long the database may work on one statement of a function. Visitors wait for those of the redirect. */
export const STATEMENT_TIMEOUT_MS: Readonly<Record<FunctionName, number>> = {
  redirect: 2000,
  links: 10_000,
  stats: 10_000,
  gateway: 0,
  'dead-letters': 0,
  'visit-writer': 30_000,
  'counter-flush': 60_000,
  keys: 10_000,
  migrate: 3_600_000,
  // A day: one statement copies a whole table.
  backup: 86_400_000,
  restore: 86_400_000,
  standalone: 30_000,
};

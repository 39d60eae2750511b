import type { Migration } from 'kysely';
import * as baseline from './0001-baseline.ts';

/** Every migration, by its name, in order. From the first release on, they only add. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-baseline': baseline,
};

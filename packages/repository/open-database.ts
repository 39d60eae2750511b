import type { Kysely } from 'kysely';
import type { Database } from './schema.ts';

/** A database that is ready for the repositories. */
export interface OpenDatabase {
  readonly db: Kysely<Database>;
  /** Rejects when the database does not answer. */
  probe(): Promise<unknown>;
  close(): Promise<void>;
}

import type { Readable, Writable } from 'node:stream';
import type { Kysely, Transaction } from 'kysely';
import type { Database } from './schema.ts';

/** A transaction with COPY, which Kysely does not have. */
export interface CopyTransaction {
  readonly db: Transaction<Database>;
  /** The rows that a `copy … to stdout` sends, one a line. */
  read(statement: string): Promise<Readable>;
  /** Takes the rows of a `copy … from stdin`. The stream fails when the server refuses a row. */
  write(statement: string): Promise<Writable>;
}

export type CopyPurpose = 'snapshot' | 'load';

/** A database that is ready for the repositories. */
export interface OpenDatabase {
  readonly db: Kysely<Database>;
  /** Rejects when the database does not answer. */
  probe(): Promise<unknown>;
  /**
   * Runs `work` in a transaction on a separate connection. A `snapshot` reads one moment, and cannot write; a `load`
   * writes.
   */
  copy<T>(purpose: CopyPurpose, work: (transaction: CopyTransaction) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

import { setTimeout as sleep } from 'node:timers/promises';
import { createTimeLimit, TimeLimitError } from '@terse/core/time-limit';
import type postgres from 'postgres';

/** The server's own limit, where the login has one, comes first: it frees the connection by itself. */
const LATER_THAN_SERVER = 1.25;
const CANCEL_EVERY_MS = 1000;
const CANCELS = 3;

type Statement = ReturnType<postgres.Sql['unsafe']>;

/** What the driver knows of a statement (3.4.9, src/query.js); its types leave it out. */
interface DriverState {
  /** Whether its connection works on this statement, and on no earlier one. */
  readonly active: boolean;
  canceller(statement: Statement): Promise<void>;
}

/** Waits for a statement. */
export type RunStatement = (statement: Statement, onStuck: () => void) => Promise<Awaited<Statement>>;

/**
 * Bounds the time of each statement from this side, which holds behind every pooler and for every login. One that takes
 * longer is cancelled; `onStuck` is told of one that even a cancel does not end, because its connection is dead.
 */
export function createStatementLimit(timeoutMs: number): RunStatement {
  const limit = createTimeLimit(timeoutMs * LATER_THAN_SERVER);
  return async (statement, onStuck) => {
    try {
      return await limit(statement);
    } catch (error) {
      if (error instanceof TimeLimitError) void cancel(statement, onStuck);
      throw error;
    }
  };
}

async function cancel(statement: Statement, onStuck: () => void): Promise<void> {
  const outcome = { settled: false };
  const settle = () => {
    outcome.settled = true;
  };
  statement.then(settle, settle);
  // The class of the driver has these fields; its `cancel` would leave a failure of the canceller to nobody.
  const driver = statement as unknown as DriverState;
  for (let cancels = 0; !outcome.settled && cancels < CANCELS;) {
    // One that waits is left until its turn: the driver would give the answers of its connection to the wrong statements.
    if (driver.active) {
      cancels++;
      driver.canceller(statement).catch(() => {});
    }
    await sleep(CANCEL_EVERY_MS, undefined, { ref: false });
  }
  if (!outcome.settled) onStuck();
}

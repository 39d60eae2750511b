import { setTimeout as sleep } from 'node:timers/promises';
import { createTimeLimit, TimeLimitError } from '@terse/platform/time-limit';
import type postgres from 'postgres';

/** Lets the server's own limit, if the login has one, come first, because that frees the connection. */
const LATER_THAN_SERVER = 1.25;
const CANCEL_EVERY_MS = 1000;
const CANCELS = 3;

type Statement = ReturnType<postgres.Sql['unsafe']>;

/** Untyped fields of a statement in the driver (3.4.9, src/query.js). */
interface DriverState {
  /** Whether its connection works on this statement, and on no earlier one. */
  readonly active: boolean;
  canceller(statement: Statement): Promise<void>;
}

/** Waits for a statement. */
export type RunStatement = (statement: Statement, onStuck: () => void) => Promise<Awaited<Statement>>;

/**
 * Bounds the time of each statement on the client, for every login and behind every pooler. Cancels a statement that
 * takes longer; calls `onStuck` when cancelling has no effect, because the connection is dead.
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
  const outcome = { isDone: false };
  const finish = () => {
    outcome.isDone = true;
  };
  statement.then(finish, finish);
  // The class of the driver has these fields. Its own `cancel` leaves a failure of the canceller unhandled.
  const driver = statement as unknown as DriverState;
  for (let cancels = 0; !outcome.isDone && cancels < CANCELS;) {
    // Never cancel a waiting statement: the driver would give later answers to the wrong statements.
    if (driver.active) {
      cancels++;
      driver.canceller(statement).catch(() => {});
    }
    await sleep(CANCEL_EVERY_MS, undefined, { ref: false });
  }
  if (!outcome.isDone) onStuck();
}

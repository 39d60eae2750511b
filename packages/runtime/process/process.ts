import { systemClock } from '@terse/platform/clock';
import { BackupError } from '@terse/repository/backup-format';
import { ConfigError } from '../settings/config.ts';
import { keepCompiledCode } from './compiled-code.ts';
import { errorText } from '../telemetry/error-text.ts';
import { standardError } from './standard-streams.ts';
import { untilToldToStop } from './stop-signal.ts';

/** A function that was started. */
export interface Running {
  /** Makes the function unready, and resolves when balancers have had time to notice. */
  turnAway(): Promise<void>;
  /** Stops the function in order. Requests under way may take until the deadline. */
  stop(deadlineMs: number): Promise<void>;
}

/** The umask: files hold what visitors sent, and only their owner may read it. */
const OWNER_ONLY = 0o077;
const SHUTDOWN_MS = 10_000;
/** For steps without a time limit, such as closing a database that does not answer. */
const SHUTDOWN_GRACE_MS = 5000;
/** 128 + SIGPIPE. */
const READER_GONE = 141;

/**
 * Runs a function's process: starts it, and stops it on SIGTERM or SIGINT with exit code 0. When it cannot start, or
 * cannot stop in time, it prints the reason, and the exit code is 1.
 */
export async function runUntilStopped(start: () => Promise<Running>): Promise<void> {
  process.umask(OWNER_ONLY);
  keepCompiledCode();
  const told = untilToldToStop(process, systemClock);
  let running: Running | undefined;
  // A start is not cut short, so that the backing services that it opens are closed in order.
  void told.then(async () => {
    await systemClock.sleep(SHUTDOWN_MS);
    if (!running) fail('The process was told to stop while it started, and the start did not end in time.');
  });
  try {
    running = await start();
  } catch (error) {
    fail(error);
    return;
  }
  await told;
  await running.turnAway();
  setTimeout(
    () => fail('The process could not be stopped in time.'),
    SHUTDOWN_MS + SHUTDOWN_GRACE_MS,
  ).unref();
  try {
    await running.stop(SHUTDOWN_MS);
    process.exit(0);
  } catch (error) {
    fail(error);
  }
}

/**
 * Runs a task to its end and prints its result. When the task fails, it prints the reason, and the exit code is 1. When
 * the reader of standard output is gone, it prints nothing, and the exit code is what a shell gives for SIGPIPE.
 */
export async function runOnce(task: () => Promise<string>): Promise<void> {
  let unwritten: NodeJS.ErrnoException | undefined;
  process.stdout.on('error', (error) => {
    unwritten ??= error;
  });
  try {
    const said = await task();
    if (said !== '') await print(`${said}\n`);
  } catch (error) {
    if (unwritten?.code === 'EPIPE') process.exit(READER_GONE);
    fail(unwritten ? new Error('Standard output cannot be written.', { cause: unwritten }) : error);
  }
}

function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

/** A signal that aborts when the process is told to stop, for a task that then changes nothing. */
export function interruption(): AbortSignal {
  const interrupted = new AbortController();
  void untilToldToStop(process, systemClock).then(() => {
    interrupted.abort(new Error('Stopped. Nothing was changed.'));
  });
  return interrupted.signal;
}

function fail(error: unknown): void {
  const saysAll = error instanceof ConfigError || error instanceof BackupError;
  standardError.write(`${saysAll ? error.message : errorText(error)}\n`);
  process.exit(1);
}

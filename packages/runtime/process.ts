import { ConfigError } from './config.ts';

/** Stops what was started, in order. */
export type Stop = () => Promise<void>;

/**
 * Runs a function's process: starts it, and stops it on SIGTERM or SIGINT with exit code 0. A second signal ends the
 * process at once. When it cannot start, or cannot stop, the reason is printed and the exit code is 1.
 */
export async function runUntilStopped(start: () => Promise<Stop>): Promise<void> {
  let stop: Stop;
  try {
    stop = await start();
  } catch (error) {
    fail(error);
    return;
  }
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        process.once('SIGINT', () => process.exit(130));
        resolve();
      });
    }
  });
  try {
    await stop();
    process.exit(0);
  } catch (error) {
    fail(error);
  }
}

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof ConfigError ? error.message : describe(error)}\n`);
  process.exit(1);
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `\n  because: ${describe(error.cause)}` : '';
  return `${error.message}${cause}`;
}

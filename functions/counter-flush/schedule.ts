import type { Hono } from 'hono';
import type { Config } from '@terse/runtime/settings/config';
import type { Logger } from '@terse/runtime/telemetry/log';
import { postEvent, type Schedule, schedule } from '@terse/runtime/triggers';
import type { Tick } from './app.ts';
import { HOUR_MS } from '@terse/platform/durations';

/** Sends a tick to the counter-flush. @throws Error when a step of it failed. */
export function tick(app: Pick<Hono, 'request'>, event: Tick, signal?: AbortSignal): Promise<void> {
  return postEvent(app, event, signal);
}

/**
 * The trigger of the counter-flush: maintenance, which flushes too, at start and every hour; a flush every few seconds
 * otherwise. Failed maintenance is tried again at the next tick. A stop aborts the current tick and adds counts to the
 * links once more.
 */
export function startSchedule(app: Pick<Hono, 'request'>, config: Config, log: Logger): Schedule {
  let maintainedAt = Number.NEGATIVE_INFINITY;
  const report = (error: unknown) => log.error({ err: error }, 'a scheduled task failed');
  const ticking = schedule(
    config.counterFlushSeconds * 1000,
    async (signal) => {
      if (performance.now() - maintainedAt < HOUR_MS) {
        await tick(app, { task: 'flush' }, signal);
      } else {
        await tick(app, { task: 'maintain' }, signal);
        maintainedAt = performance.now();
      }
    },
    report,
  );
  return {
    stop: async () => {
      await ticking.stop();
      // Counts that cannot be flushed now wait in the counter for the next process.
      await tick(app, { task: 'count' }).catch(report);
    },
  };
}

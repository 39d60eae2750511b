import type { Hono } from 'hono';
import type { Config } from '@terse/runtime/config';
import type { Logger } from '@terse/runtime/log';
import { postEvent, type Schedule, schedule } from '@terse/runtime/triggers';
import type { Tick } from './app.ts';

const HOUR_MS = 3_600_000;

/** Sends a tick to the counter-flush. @throws Error when it was not carried out. */
export function tick(app: Pick<Hono, 'request'>, event: Tick): Promise<void> {
  return postEvent(app, event);
}

/** The trigger of the counter-flush: a flush every few seconds, maintenance now and every hour. */
export function startSchedules(app: Pick<Hono, 'request'>, config: Config, log: Logger): Schedule {
  const report = (error: unknown) => log.error({ err: error }, 'a scheduled task failed');
  // Partitions are to be there before visits are, and counts in line after whatever ended the process before.
  const maintaining = tick(app, { task: 'maintain' }).catch(report);
  const schedules = [
    schedule(config.counterFlushSeconds * 1000, () => tick(app, { task: 'flush' }), report),
    schedule(HOUR_MS, () => tick(app, { task: 'maintain' }), report),
  ];
  return {
    stop: async () => {
      await Promise.all([maintaining, ...schedules.map((each) => each.stop())]);
    },
  };
}

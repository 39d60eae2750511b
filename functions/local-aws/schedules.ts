import { manifest } from '@terse/counter-flush/manifest';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '@terse/platform/durations';
import { parseAnswer, z } from '@terse/platform/zod';

/** Asks EventBridge Scheduler. @throws Error with the answer when it refuses. */
export type AskScheduler = (request: {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}) => Promise<unknown>;

const ACCOUNT = '000000000000';

/** Creates or replaces the schedules of the counter-flush, as a deployment does. Returns their names. */
export async function putSchedules(ask: AskScheduler, region: string): Promise<string[]> {
  for (const [name, { every, event }] of Object.entries(manifest.schedules)) {
    const request = {
      path: `/schedules/${name}`,
      headers: { 'Content-Type': 'application/json' },
      body: {
        ScheduleExpression: `rate(1 ${every})`,
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: {
          Arn: `arn:aws:lambda:${region}:${ACCOUNT}:function:${manifest.name}`,
          RoleArn: `arn:aws:iam::${ACCOUNT}:role/scheduler`,
          Input: JSON.stringify(event),
        },
      },
    };
    try {
      await ask({ method: 'POST', ...request });
    } catch (error) {
      if (!String(error).includes('ConflictException')) throw error;
      await ask({ method: 'PUT', ...request });
    }
  }
  return Object.keys(manifest.schedules);
}

export interface Schedule {
  readonly name: string;
  readonly everyMs: number;
  /** The function that it invokes. */
  readonly target: string;
  /** The payload, as JSON. */
  readonly input: string;
}

const listSchema = z.object({ Schedules: z.array(z.object({ Name: z.string() })) });
const scheduleSchema = z.object({
  Name: z.string(),
  ScheduleExpression: z.string(),
  State: z.string().nullish(),
  Target: z.object({ Arn: z.string(), Input: z.string() }),
});

/** All enabled schedules. @throws Error when one is of an unknown kind. */
export async function readSchedules(ask: AskScheduler): Promise<Schedule[]> {
  const list = await ask({ method: 'GET', path: '/schedules' });
  const { Schedules } = parseAnswer(listSchema, list, 'The list of schedules');
  const found = await Promise.all(
    Schedules.map(async ({ Name }) => {
      const schedule = await ask({ method: 'GET', path: `/schedules/${encodeURIComponent(Name)}` });
      return parseAnswer(scheduleSchema, schedule, `The schedule ${Name}`);
    }),
  );
  return found
    .filter(({ State }) => State !== 'DISABLED')
    .map(({ Name, ScheduleExpression, Target }) => ({
      name: Name,
      everyMs: periodOf(ScheduleExpression),
      target: Target.Arn.split(':').at(-1) ?? '',
      input: Target.Input,
    }));
}

const UNIT_MS = { minute: MINUTE_MS, hour: HOUR_MS, day: DAY_MS } as const;

/** `rate(5 minutes)` → 300,000. @throws Error for any other expression. */
export function periodOf(expression: string): number {
  const [, count, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  if (!count || !unit) throw new Error(`Only rate(…) is supported, not ${expression}.`);
  return Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
}

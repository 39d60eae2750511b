import type { Clock } from '@terse/platform/clock';
import { createTimeLimit } from '@terse/platform/time-limit';

const PROBE_TIMEOUT_MS = 1000;
const limit = createTimeLimit(PROBE_TIMEOUT_MS);

/** How long a process that can work waits for the rest of its backing services before it counts as started. */
export const START_GRACE_MS = 240_000;

/** Rejects when a part does not answer. */
export type Probe = () => Promise<unknown>;

/**
 * | state    | `/.started` | becomes                                                                          |
 * | -------- | ----------- | -------------------------------------------------------------------------------- |
 * | starting | 503         | started, once every part has answered, or those that are enough after a grace     |
 * | started  | 200         | never changes: later outages show in `/.ready`                                    |
 */
export interface ReadinessGate {
  /** Whether requests are welcome, and the state of every part by name. */
  readiness(): Promise<Readiness>;
  /** Whether a rollout may go on with this process; stays true once it is. */
  started(): Promise<boolean>;
  /** How many backing services have not answered this process once. */
  unreached(): Promise<number>;
  /** From now on nothing is welcome: a balancer is to send requests elsewhere. */
  stop(): void;
}

export interface Readiness {
  readonly ready: boolean;
  readonly services: Parts;
}

type Parts = Readonly<Record<string, boolean>>;

export interface ReadinessOptions {
  readonly probes: Readonly<Record<string, Probe>>;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Whether the backing services that answer are enough for the function; by default it needs all. */
  readonly isEnough?: (services: Parts) => boolean;
}

/** Watches the backing services of a function for load balancers and rollouts. */
export function createReadinessGate({
  probes,
  clock,
  isEnough = isEachTrue,
}: ReadinessOptions): ReadinessGate {
  const createdAt = clock.monotonic();
  let reached: Parts = Object.fromEntries(Object.keys(probes).map((name) => [name, false]));
  let hasStarted = false;
  let stopping = false;

  async function ask(): Promise<Parts> {
    const states = Object.entries(probes).map(async ([name, probe]) => [name, await answers(probe)]);
    const services = Object.fromEntries(await Promise.all(states)) as Parts;
    reached = Object.fromEntries(
      Object.keys(probes).map((name) => [name, reached[name] === true || services[name] === true]),
    );
    return services;
  }

  return {
    readiness: async () => {
      const services = await ask();
      return { ready: !stopping && isEnough(services), services };
    },
    started: async () => {
      if (hasStarted) return true;
      await ask();
      const isGraceOver = clock.monotonic() - createdAt >= START_GRACE_MS;
      hasStarted = isEachTrue(reached) || (isGraceOver && isEnough(reached));
      return hasStarted;
    },
    unreached: async () => {
      if (!isEachTrue(reached)) await ask();
      return Object.values(reached).filter((hasAnswered) => !hasAnswered).length;
    },
    stop: () => {
      stopping = true;
    },
  };
}

function isEachTrue(services: Parts): boolean {
  return Object.values(services).every(Boolean);
}

async function answers(probe: Probe): Promise<boolean> {
  try {
    await limit(probe());
    return true;
  } catch {
    return false;
  }
}

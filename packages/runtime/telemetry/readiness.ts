import type { Clock } from '@terse/platform/clock';
import { createTimeLimit } from '@terse/platform/time-limit';

const PROBE_TIMEOUT_MS = 1000;
const limit = createTimeLimit(PROBE_TIMEOUT_MS);

/** How long a process that can work waits for the rest of its backing services before it counts as started. */
export const START_GRACE_MS = 240_000;

/** Rejects when a backing service does not answer. */
export type Probe = () => Promise<unknown>;

/**
 * | state    | `/.started` | becomes                                                                                 |
 * | -------- | ----------- | --------------------------------------------------------------------------------------- |
 * | starting | 503         | started, once all backing services have answered, or, after a grace, those that suffice |
 * | started  | 200         | never changes: later outages show in `/.ready`                                          |
 */
export interface ReadinessGate {
  /** Whether the process takes requests, and whether each backing service answers, by its name. */
  readiness(): Promise<Readiness>;
  /** Whether a rollout may go on with this process; stays true once it is. */
  started(): Promise<boolean>;
  /** How many backing services have never answered this process. */
  unreached(): Promise<number>;
  /** Makes the process unready, so that balancers send requests elsewhere. */
  stop(): void;
}

export interface Readiness {
  readonly ready: boolean;
  readonly services: ServiceStates;
}

type ServiceStates = Readonly<Record<string, boolean>>;

export interface ReadinessOptions {
  readonly probes: Readonly<Record<string, Probe>>;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Whether the backing services that answer are enough for the function; by default it needs all. */
  readonly isEnough?: (services: ServiceStates) => boolean;
}

/** Watches the backing services of a function for load balancers and rollouts. */
export function createReadinessGate({
  probes,
  clock,
  isEnough = isEachTrue,
}: ReadinessOptions): ReadinessGate {
  const createdAt = clock.monotonic();
  let reached: ServiceStates = Object.fromEntries(Object.keys(probes).map((name) => [name, false]));
  let hasStarted = false;
  let stopping = false;

  async function ask(): Promise<ServiceStates> {
    const states = Object.entries(probes).map(async ([name, probe]) => [name, await answers(probe)]);
    const services = Object.fromEntries(await Promise.all(states)) as ServiceStates;
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

function isEachTrue(services: ServiceStates): boolean {
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

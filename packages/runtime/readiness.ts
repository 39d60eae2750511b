import pTimeout from 'p-timeout';

const PROBE_TIMEOUT_MS = 1000;

/** Rejects when a part does not answer. */
export type Probe = () => Promise<unknown>;

export interface ReadinessGate {
  /** Whether requests are welcome, and the state of every part by name. */
  readiness(): Promise<Readiness>;
  /** From now on nothing is welcome: a balancer is to send requests elsewhere. */
  stop(): void;
}

export interface Readiness {
  readonly ready: boolean;
  readonly parts: Readonly<Record<string, boolean>>;
}

/** @param isEnough whether a function can do its work on the parts that answer; all of them unless told otherwise. */
export function createReadinessGate(
  probes: Readonly<Record<string, Probe>>,
  isEnough = (parts: Readonly<Record<string, boolean>>) => Object.values(parts).every(Boolean),
): ReadinessGate {
  let stopping = false;
  return {
    readiness: async () => {
      const states = Object.entries(probes).map(async ([name, probe]) => [name, await answers(probe)]);
      const parts = Object.fromEntries(await Promise.all(states));
      return { ready: !stopping && isEnough(parts), parts };
    },
    stop: () => {
      stopping = true;
    },
  };
}

async function answers(probe: Probe): Promise<boolean> {
  try {
    await pTimeout(probe(), { milliseconds: PROBE_TIMEOUT_MS });
    return true;
  } catch {
    return false;
  }
}

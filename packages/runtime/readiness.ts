const PROBE_TIMEOUT_MS = 1000;

/** Asks a part whether it answers. */
export type Probe = () => Promise<unknown>;

export interface ReadinessGate {
  /** The state of every part by name; all of them down once the process is stopping. */
  readiness(): Promise<Record<string, boolean>>;
  /** From now on nothing is ready: a balancer is to send requests elsewhere. */
  stop(): void;
}

export function createReadinessGate(probes: Readonly<Record<string, Probe>>): ReadinessGate {
  let stopping = false;
  return {
    readiness: async () => {
      const states = Object.entries(probes).map(async ([name, probe]) => [
        name,
        !stopping && (await answers(probe)),
      ]);
      return Object.fromEntries(await Promise.all(states));
    },
    stop: () => {
      stopping = true;
    },
  };
}

async function answers(probe: Probe): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, PROBE_TIMEOUT_MS, false);
  });
  const answer = probe().then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([answer, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

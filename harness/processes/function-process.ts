import { fileURLToPath } from 'node:url';
import { freePorts } from './free-ports.ts';
import { readMetric } from './metric.ts';
import {
  type ProcessOptions,
  type RunningProcess,
  startProcess,
  type UntilOptions,
  untilUp,
} from './running-process.ts';
import { statusOf } from './status-of.ts';

export type Settings = Readonly<Record<string, string>>;

export interface FunctionProcess extends RunningProcess {
  readonly url: string;
  /** Where it serves `/.live`, `/.started`, `/.ready` and `/.metrics`. */
  readonly internalUrl: string;
  /** Milliseconds from its start until it was up. */
  readonly upMs: number;
  /** The sum of a metric over those of its labels that contain the text. */
  metric(name: string, labels?: string): Promise<number>;
}

export interface StartOptions extends UntilOptions, Omit<ProcessOptions, 'environment'> {
  /** The address that answers 200 once it is up. */
  readonly until?: '/.live' | '/.ready';
  /** Gets the process id as soon as there is one. */
  readonly onSpawn?: (pid: number) => void;
}

/** The file that runs a function. */
export function mainOf(name: string): string {
  return fileURLToPath(new URL(`../../functions/${name}/main.ts`, import.meta.url));
}

/**
 * Starts a function with these settings and no others, at free ports unless they name some.
 * @throws as `startServer` does.
 */
export function startFunction(name: string, settings: Settings): Promise<FunctionProcess> {
  return startServer([process.execPath, mainOf(name)], settings);
}

/**
 * Starts a function by its command line, with these settings and no others, at free ports unless they name some, and
 * waits until it is up.
 * @throws Error with its output when it ends instead, or is not up in time.
 */
export async function startServer(
  command: readonly string[],
  settings: Settings,
  { until = '/.live', onSpawn, ...options }: StartOptions = {},
): Promise<FunctionProcess> {
  const [port, internalPort] = await freePorts(2);
  const environment = { PATH: '', PORT: `${port}`, INTERNAL_PORT: `${internalPort}`, ...settings };
  const begin = performance.now();
  const running = await startProcess(command, { environment, ...options });
  onSpawn?.(running.pid);
  const internalUrl = `http://127.0.0.1:${environment.INTERNAL_PORT}`;
  await untilUp(running, async () => (await statusOf(internalUrl + until)) === 200, options);
  return {
    ...running,
    url: `http://127.0.0.1:${environment.PORT}`,
    internalUrl,
    upMs: performance.now() - begin,
    metric: (name, labels) => readMetric(internalUrl, name, labels),
  };
}

import type { MeasuredDeployment } from './deployment.ts';
import type { Cores } from './machine/cores.ts';

/** One line of the table. */
export interface Finding {
  readonly what: string;
  /** The data it was measured on. */
  readonly size: string;
  readonly measured: string;
  /** What was aimed at; without a goal the line is for information. */
  readonly goal?: string;
  readonly met?: boolean;
}

/** What a suite has to work with. */
export interface Bench {
  readonly full: boolean;
  readonly pairs: number;
  readonly secondsPerRun: number;
  readonly cores: Cores;
  /** Another checkout that this one is compared with. */
  readonly before: string | undefined;
  /**
   * All of Terse on real backing services, which are started for the first of them, with an empty database; closed when
   * the suite ends.
   */
  openDeployment(): Promise<MeasuredDeployment>;
  /** Tells in words what is going on. */
  report(line: string): void;
  /** What suites of the same run found out for others. */
  readonly shared: { hotPerSecond?: number };
}

export interface Suite {
  readonly name: string;
  /**
   * Measures, in a few minutes.
   * @throws Error when something is wrong, such as visits that did not arrive; slowness is a finding, not an error.
   */
  run(bench: Bench): Promise<readonly Finding[]>;
}

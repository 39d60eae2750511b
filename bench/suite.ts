import type { MeasuredDeployment } from './deployment.ts';
import type { Cores } from './machine/cores.ts';

/** One line of the table. */
export interface Finding {
  readonly what: string;
  /** The size of the data. */
  readonly size: string;
  readonly measured: string;
  /** The aim; a line without a goal is for information. */
  readonly goal?: string;
  readonly met?: boolean;
}

/** The environment of a suite. */
export interface Bench {
  readonly full: boolean;
  readonly pairs: number;
  readonly secondsPerRun: number;
  readonly cores: Cores;
  /** The checkout to compare this one with. */
  readonly before: string | undefined;
  /**
   * Opens a deployment with an empty database, which is closed when the suite ends. The first call starts the backing
   * services.
   */
  openDeployment(): Promise<MeasuredDeployment>;
  /** Prints a line about each step. */
  report(line: string): void;
  /** Results that a suite leaves for later ones of the same run. */
  readonly shared: { hotPerSecond?: number };
}

export interface Suite {
  readonly name: string;
  /**
   * Measures, in a few minutes.
   * @throws Error when a result is wrong, such as a lost visit; slowness is a finding, not an error.
   */
  run(bench: Bench): Promise<readonly Finding[]>;
}

/** A server that tests and developers talk to, and that can be made to fail. */
export interface RunningServer {
  readonly url: string;
  readonly port: number;
  /** `undefined` while it does not run, and for a part that is no process of its own. */
  readonly pid: number | undefined;
  /** Ends it as `kill -9` and a crash do. Resolves when it and everything it started are gone. */
  kill(): Promise<void>;
  /** Starts it again on the same port with the same data, after stopping it if it runs. Resolves when it answers. */
  restart(): Promise<void>;
  /** Ends it in order, by force if that takes too long. Leaves no process behind. */
  stop(): Promise<void>;
}

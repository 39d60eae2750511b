/** A server that tests and developers talk to, and that can be made to fail. */
export interface RunningServer {
  readonly url: string;
  readonly port: number;
  /** `undefined` while it does not run, and for a server in this process. */
  readonly pid: number | undefined;
  /** Ends it like `kill -9` or a crash. Resolves when it and its descendants are gone. */
  kill(): Promise<void>;
  /** Stops it if it runs, and starts it on the same port with the same data. Resolves when it answers. */
  restart(): Promise<void>;
  /** Stops it in order, by force when that takes too long. Leaves no process behind. */
  stop(): Promise<void>;
}

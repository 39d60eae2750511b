/** A Lua script and how many of its arguments are keys. */
export interface Script {
  readonly lua: string;
  /** SHA-1 of `lua`, by which a server that has seen the script runs it. */
  readonly sha1: string;
}

/**
 * A Redis server, over any transport. A command is sent once and never repeated, because only the caller knows whether
 * it may run twice. Replies are strings, whole numbers, `null`, or arrays of these.
 */
export interface RedisCommands {
  /** @throws DomainError `unavailable` without an answer in time; Error with the answer when it refuses. */
  command(...parts: readonly string[]): Promise<unknown>;
  /** Runs a script by its digest, sending its text only to a server that has not seen it. */
  run(script: Script, keys: readonly string[], values: readonly string[]): Promise<unknown>;
}

export interface RedisConnection extends RedisCommands {
  /** Uses the same connection, and waits no longer than this for a reply. */
  within(timeoutMs: number): RedisCommands;
  close(): Promise<void>;
}

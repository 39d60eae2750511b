/** A Lua script and how many of its arguments are keys. */
export interface Script {
  readonly lua: string;
  /** SHA-1 of `lua`, by which a server that has seen it knows it. */
  readonly sha1: string;
}

/**
 * A Redis server, over whatever transport. A command is sent once and never repeated: whether one that failed was
 * carried out is for the caller to know. Replies are strings, whole numbers, `null`, or arrays of these.
 */
export interface RedisCommands {
  /** @throws DomainError `unavailable` when the server does not answer in time; Error with what it answered instead. */
  command(...parts: readonly string[]): Promise<unknown>;
  /** Runs a script by its digest, sending its text only to a server that has not seen it. */
  run(script: Script, keys: readonly string[], values: readonly string[]): Promise<unknown>;
}

export interface RedisConnection extends RedisCommands {
  /** The same connection, for a caller that waits no longer than this for a reply. */
  within(timeoutMs: number): RedisCommands;
  close(): Promise<void>;
}

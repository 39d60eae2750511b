import type { RedisConnection } from '@terse/cache/redis-connection';

/** A Redis server, with the connection of a function and that of another program. */
export interface RedisServer {
  readonly redis: () => RedisConnection;
  readonly admin: { sendCommand(command: string[]): Promise<unknown> };
}

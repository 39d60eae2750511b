import type { RedisConnection } from '@terse/cache/redis-connection';

/** A Redis server, as functions reach it and as another program does. */
export interface RedisServer {
  readonly redis: () => RedisConnection;
  readonly admin: { sendCommand(command: string[]): Promise<unknown> };
}

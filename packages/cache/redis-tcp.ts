import { createClient } from '@redis/client';
import pTimeout from 'p-timeout';
import type { RedisConnection } from './redis-connection.ts';
import { runScript } from './script.ts';

export interface RedisTcpOptions {
  /** `redis://` or, with TLS, `rediss://`. */
  readonly url: string;
  /** Shown by the server beside the connection. */
  readonly name: string;
  readonly timeoutMs: number;
  /** Called with what went wrong on a connection, which is then made anew. */
  readonly onError: (error: unknown) => void;
}

const MAX_WAITING_COMMANDS = 10_000;
const MAX_RECONNECT_WAIT_MS = 2000;

/** Redis over TCP. While there is no connection, commands fail at once instead of waiting for one. */
export function openRedisTcp(options: RedisTcpOptions): RedisConnection {
  const { timeoutMs } = options;
  const client = createClient({
    url: options.url,
    name: options.name,
    RESP: 2,
    disableOfflineQueue: true,
    commandsQueueMaxLength: MAX_WAITING_COMMANDS,
    socket: {
      connectTimeout: 2000,
      reconnectStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 10), MAX_RECONNECT_WAIT_MS),
    },
  });
  client.on('error', options.onError);
  // Rejects only when it is closed before it ever connected; every failure is an 'error' event already.
  client.connect().catch(() => {});

  const command = (...parts: readonly string[]) =>
    pTimeout(client.sendCommand([...parts]), { milliseconds: timeoutMs });

  return {
    command,
    run: (script, keys, values) => runScript(command, script, keys, values),
    close: async () => {
      if (client.isReady)
        await pTimeout(client.close(), { milliseconds: 1000 }).catch(() => client.destroy());
      else client.destroy();
    },
  };
}

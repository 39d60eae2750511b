import { ErrorReply, RedisClient } from '@redis/client';
import { type Backoff, backoffMs } from '@terse/platform/backoff';
import { createTimeLimit, type TimeLimit, TimeLimitError } from '@terse/platform/time-limit';
import type { RedisCommands, RedisConnection } from './redis-connection.ts';
import { tellOutages } from './redis-outage.ts';
import { runScript } from './script.ts';

export interface RedisTcpOptions {
  /** `redis://` or, with TLS, `rediss://`. */
  readonly url: string;
  /** Shown by the server beside the connection. */
  readonly name: string;
  readonly timeoutMs: number;
  /** Called with the error of a connection, which is then made anew. */
  readonly onError: (error: unknown) => void;
}

const MAX_WAITING_COMMANDS = 10_000;
const RECONNECT: Backoff = { firstMs: 50, maxMs: 2000 };
// A peer that disappears leaves a connection on which nothing arrives again. On an idle connection, pings notice it; a
// connection that is still greeting counts as idle, too.
const PING_EVERY_MS = 1000;
const IDLE_TIMEOUT_MS = 5000;
const CLOSE_WITHIN_MS = 1000;
/** A busy connection is never idle, so unanswered commands show that it is dead. */
const TIMEOUTS_BEFORE_RECONNECTING = 3;

type Client = ReturnType<typeof connect>;

/** Redis over TCP. While there is no connection, commands fail at once instead of waiting for one. */
export function openRedisTcp(options: RedisTcpOptions): RedisConnection {
  const { timeoutMs, onError } = options;
  let client = connect(options);
  /** When a connection without a reply counts as dead; callers may have less time. */
  const limit = createTimeLimit(timeoutMs);
  const closing = createTimeLimit(CLOSE_WITHIN_MS);
  let timeouts = 0;

  function commandsWithin(callersLimit: TimeLimit): RedisCommands {
    const command = (...parts: readonly string[]) =>
      tellOutages(send(parts, callersLimit), (error) => error instanceof ErrorReply);
    return { command, run: (script, keys, values) => runScript(command, script, keys, values) };
  }

  async function send(parts: readonly string[], callersLimit: TimeLimit): Promise<unknown> {
    const asked = client;
    const replying = asked.sendCommand<unknown>([...parts]);
    try {
      const reply = await callersLimit(replying);
      timeouts = 0;
      return reply;
    } catch (error) {
      if (error instanceof TimeLimitError) {
        if (callersLimit === limit) countTimeout(asked);
        else void waitOn(asked, replying);
      }
      throw error;
    }
  }

  /** A reply that its caller no longer waits for still tells whether the connection is alive. */
  async function waitOn(asked: Client, replying: Promise<unknown>): Promise<void> {
    try {
      await limit(replying);
      timeouts = 0;
    } catch (error) {
      if (error instanceof TimeLimitError) countTimeout(asked);
    }
  }

  function countTimeout(asked: Client): void {
    if (asked !== client) return;
    timeouts++;
    if (timeouts < TIMEOUTS_BEFORE_RECONNECTING) return;
    timeouts = 0;
    onError(new Error(`${TIMEOUTS_BEFORE_RECONNECTING} commands in a row were not answered.`));
    client.destroy();
    client = connect(options);
  }

  return {
    ...commandsWithin(limit),
    within: (callersMs) => commandsWithin(createTimeLimit(callersMs)),
    close: async () => {
      if (client.isReady) {
        await closing(client.close()).catch(() => client.destroy());
      } else client.destroy();
    },
  };
}

function connect({ url, name, onError }: RedisTcpOptions) {
  // `createClient` would give this client a method for each of 500 commands, which takes as long as the rest of a
  // start.
  const client = new RedisClient({
    url,
    name,
    RESP: 2,
    disableOfflineQueue: true,
    commandsQueueMaxLength: MAX_WAITING_COMMANDS,
    pingInterval: PING_EVERY_MS,
    // Otherwise it makes a signal of five seconds for each command, and the limit above is shorter.
    commandOptions: { timeout: 0 },
    socket: {
      connectTimeout: 2000,
      socketTimeout: IDLE_TIMEOUT_MS,
      reconnectStrategy: (attempt) => backoffMs(attempt, RECONNECT),
    },
  });
  client.on('error', onError);
  // Rejects only when the client is closed before it ever connected. Every failure is also an 'error' event.
  client.connect().catch(() => {});
  return client;
}

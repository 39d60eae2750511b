import { errors, Redis } from '@upstash/redis';
import { createTimeLimit, TimeLimitError } from '@terse/platform/time-limit';
import type { RedisCommands, RedisConnection } from './redis-connection.ts';
import { tellOutages } from './redis-outage.ts';
import { runScript } from './script.ts';

export interface RedisRestOptions {
  readonly url: string;
  readonly token: string;
  readonly timeoutMs: number;
  /** Called when a command gets no answer, or one that is not from Redis. */
  readonly onError?: (error: unknown) => void;
}

/** An answer that cannot be read is from something else on the way, not from Redis. */
const isReply = (error: unknown) =>
  error instanceof errors.UpstashError && !(error instanceof errors.UpstashJSONParseError);

const isInTime = (error: unknown) => !(error instanceof TimeLimitError);

type Command = RedisCommands['command'];

/** Redis over the REST API of Upstash. */
export function openRedisRest({ url, token, timeoutMs, onError }: RedisRestOptions): RedisConnection {
  const redis = new Redis({
    url,
    token,
    // Otherwise a stored "null" would come back as null, and "123" as a number.
    automaticDeserialization: false,
    // By default, the client repeats a command five times, even an INCR.
    retry: { retries: 0 },
    enableTelemetry: false,
    enableAutoPipelining: false,
    signal: () => AbortSignal.timeout(timeoutMs),
  });
  const command: Command = (...parts) => {
    const [name = '', ...rest] = parts;
    return tellOutages(redis.exec<unknown>([name, ...rest]), isReply, onError);
  };
  return {
    ...commandsBy(command),
    // The request goes on: cutting it would close the connection, and the next request would need a handshake.
    within: (callersMs) => {
      const limit = createTimeLimit(callersMs);
      return commandsBy((...parts) => tellOutages(limit(command(...parts)), isInTime));
    },
    close: () => Promise.resolve(),
  };
}

function commandsBy(command: Command): RedisCommands {
  return { command, run: (script, keys, values) => runScript(command, script, keys, values) };
}

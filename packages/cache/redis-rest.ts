import { errors, Redis } from '@upstash/redis';
import type { RedisConnection } from './redis-connection.ts';
import { tellOutages } from './redis-outage.ts';
import { runScript } from './script.ts';

export interface RedisRestOptions {
  readonly url: string;
  readonly token: string;
  readonly timeoutMs: number;
  /** Called when a command got no answer, or one that is not from Redis. */
  readonly onError?: (error: unknown) => void;
}

/** What cannot be read was said by something else on the way. */
const isReply = (error: unknown) =>
  error instanceof errors.UpstashError && !(error instanceof errors.UpstashJSONParseError);

/** Redis over the REST API of Upstash. */
export function openRedisRest({ url, token, timeoutMs, onError }: RedisRestOptions): RedisConnection {
  const redis = new Redis({
    url,
    token,
    // Or a stored "null" would come back as null and "123" as a number.
    automaticDeserialization: false,
    // The client would repeat even an INCR, five times.
    retry: { retries: 0 },
    enableTelemetry: false,
    enableAutoPipelining: false,
    signal: () => AbortSignal.timeout(timeoutMs),
  });
  const command = (...parts: readonly string[]) => {
    const [name = '', ...rest] = parts;
    return tellOutages(redis.exec<unknown>([name, ...rest]), isReply, onError);
  };
  return {
    command,
    run: (script, keys, values) => runScript(command, script, keys, values),
    close: () => Promise.resolve(),
  };
}

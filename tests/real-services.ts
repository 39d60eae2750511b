import type { TestProject } from 'vitest/node';
import { startStack } from '../harness/servers/stack.ts';

/** The addresses of the real servers; `undefined` where they cannot start, which fails the run on CI. */
export interface RealServices {
  readonly databaseUrl: string;
  /** The same server behind PgBouncer, which gives each transaction to any of its connections. */
  readonly pooledUrl: string;
  readonly redisUrl: string;
  readonly upstashUrl: string;
  readonly upstashToken: string;
  readonly rabbitmqUrl: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    realServices: RealServices | undefined;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  try {
    const { postgres, pgbouncer, redis, upstash, rabbitmq, stop } = await startStack();
    project.provide('realServices', {
      databaseUrl: postgres.url,
      pooledUrl: pgbouncer.url,
      redisUrl: redis.url,
      upstashUrl: upstash.url,
      upstashToken: upstash.token,
      rabbitmqUrl: rabbitmq.url,
    });
    return stop;
  } catch (error) {
    if (process.env['CI']) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(
      `\nTests on real PostgreSQL, PgBouncer, Redis and RabbitMQ are SKIPPED: ${reason}\n`,
    );
    project.provide('realServices', undefined);
    return () => Promise.resolve();
  }
}

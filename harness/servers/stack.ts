import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeOnExit } from '../processes/clean-up.ts';
import { type DebianPackage, ensureDebianPackages } from './debian-packages.ts';
import { startPgbouncer } from './pgbouncer.ts';
import { createDatabase, type PostgresServer, startPostgres } from './postgres.ts';
import { makeDirectory } from './program.ts';
import { type RabbitmqServer, startRabbitmq } from './rabbitmq.ts';
import { startRedis } from './redis.ts';
import type { RunningServer } from './running-server.ts';
import { startUpstashRest, type UpstashRestServer } from './upstash-rest.ts';

export interface Servers {
  readonly postgres: PostgresServer;
  /** In front of `postgres`. */
  readonly pgbouncer: RunningServer;
  readonly redis: RunningServer;
  readonly upstash: UpstashRestServer;
  readonly rabbitmq: RabbitmqServer;
}

export type BackingServiceName = keyof Servers;

export type Stack<Name extends BackingServiceName = BackingServiceName> = Pick<Servers, Name> & {
  /** Stops every server that was started and removes its data. */
  stop(): Promise<void>;
};

export interface StackOptions {
  readonly environment?: NodeJS.ProcessEnv;
  /** Gets a line about each step. */
  readonly report?: (line: string) => void;
}

const PACKAGES = {
  postgres: ['postgresql'],
  pgbouncer: ['pgbouncer'],
  redis: ['redis-server'],
  upstash: [],
  rabbitmq: ['rabbitmq-server'],
} as const satisfies Record<BackingServiceName, readonly DebianPackage[]>;

const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  'postgres:': 5432,
  'postgresql:': 5432,
  'redis:': 6379,
  'rediss:': 6379,
  'amqp:': 5672,
  'amqps:': 5671,
  'http:': 80,
  'https:': 443,
};

/**
 * Starts the real servers that tests and developers need, side by side; by default all of them. It uses a server given
 * in the environment (`TEST_DATABASE_URL`, `TEST_PGBOUNCER_URL`, `TEST_REDIS_URL`, `TEST_UPSTASH_REDIS_REST_URL` with
 * `TEST_UPSTASH_REDIS_REST_TOKEN`, `TEST_RABBITMQ_URL`) as it is, and refuses to kill or restart that one.
 * @throws Error when a server cannot start, after it has stopped the others.
 */
export async function startStack<Name extends BackingServiceName = BackingServiceName>(
  names?: readonly Name[],
  { environment = process.env, report = () => undefined }: StackOptions = {},
): Promise<Stack<Name>> {
  const services: { -readonly [N in BackingServiceName]?: Servers[N] } = givenServers(environment);
  const wanted = new Set<BackingServiceName>(
    names ?? ['postgres', 'pgbouncer', 'redis', 'upstash', 'rabbitmq'],
  );
  if (wanted.has('upstash') && !services.upstash) wanted.add('redis');
  if (wanted.has('pgbouncer') && !services.pgbouncer) wanted.add('postgres');
  const isMissing = (name: BackingServiceName) => wanted.has(name) && !services[name];

  const packages = [...wanted].filter(isMissing).flatMap((name): readonly DebianPackage[] => PACKAGES[name]);
  await ensureDebianPackages(packages, { report });

  const directory = mkdtempSync(join(tmpdir(), 'terse-stack-'));
  const forgetDirectory = removeOnExit(directory);
  makeDirectory(directory);
  const started: RunningServer[] = [];

  async function start<S extends RunningServer>(
    name: BackingServiceName,
    starting: () => Promise<S>,
  ): Promise<S> {
    const begin = performance.now();
    const server = await starting();
    started.push(server);
    report(`${name} is ready after ${Math.round(performance.now() - begin)} ms.`);
    return server;
  }

  async function stop(): Promise<void> {
    await Promise.all(started.map((server) => server.stop()));
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    forgetDirectory();
  }

  const outcomes = await Promise.allSettled([
    (async () => {
      if (isMissing('postgres')) {
        services.postgres = await start('postgres', () =>
          startPostgres({ directory: join(directory, 'postgres') }),
        );
      }
      const { postgres } = services;
      if (isMissing('pgbouncer') && postgres) {
        services.pgbouncer = await start('pgbouncer', () =>
          startPgbouncer({ directory: join(directory, 'pgbouncer'), serverUrl: postgres.url }),
        );
      }
    })(),
    (async () => {
      if (isMissing('redis')) {
        services.redis = await start('redis', () => startRedis({ directory: join(directory, 'redis') }));
      }
      const { redis } = services;
      if (isMissing('upstash') && redis) {
        services.upstash = await start('upstash', () => startUpstashRest({ redisUrl: redis.url }));
      }
    })(),
    (async () => {
      if (!isMissing('rabbitmq')) return;
      services.rabbitmq = await start('rabbitmq', () =>
        startRabbitmq({ directory: join(directory, 'rabbitmq') }),
      );
    })(),
  ]);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) {
    await stop();
    throw failed.reason;
  }
  // Every wanted server is there now, given or started.
  return { ...services, stop } as Stack<Name>;
}

/** @throws Error when the URL of an Upstash server is given without its token, or the token without the URL. */
function givenServers(environment: NodeJS.ProcessEnv): Partial<Servers> {
  const {
    TEST_DATABASE_URL: databaseUrl,
    TEST_PGBOUNCER_URL: pgbouncerUrl,
    TEST_REDIS_URL: redisUrl,
    TEST_UPSTASH_REDIS_REST_URL: upstashUrl,
    TEST_UPSTASH_REDIS_REST_TOKEN: token,
    TEST_RABBITMQ_URL: rabbitmqUrl,
  } = environment;
  if (Boolean(upstashUrl) !== Boolean(token)) {
    throw new Error('TEST_UPSTASH_REDIS_REST_URL and TEST_UPSTASH_REDIS_REST_TOKEN go together.');
  }
  return {
    ...(databaseUrl && {
      postgres: {
        ...givenServer(databaseUrl, 'TEST_DATABASE_URL'),
        createDatabase: (name) => createDatabase(databaseUrl, name),
      },
    }),
    ...(pgbouncerUrl && { pgbouncer: givenServer(pgbouncerUrl, 'TEST_PGBOUNCER_URL') }),
    ...(redisUrl && { redis: givenServer(redisUrl, 'TEST_REDIS_URL') }),
    ...(upstashUrl &&
      token && { upstash: { ...givenServer(upstashUrl, 'TEST_UPSTASH_REDIS_REST_URL'), token } }),
    ...(rabbitmqUrl && {
      rabbitmq: {
        ...givenServer(rabbitmqUrl, 'TEST_RABBITMQ_URL'),
        control: () => Promise.reject(new Error('The broker is not ours to control.')),
      },
    }),
  };
}

function givenServer(url: string, variable: string): RunningServer {
  const { protocol, port } = new URL(url);
  const refuse = () => Promise.reject(new Error(`The server in ${variable} is not ours to end.`));
  return {
    url,
    port: port === '' ? (DEFAULT_PORTS[protocol] ?? 0) : Number(port),
    pid: undefined,
    kill: refuse,
    restart: refuse,
    stop: () => Promise.resolve(),
  };
}

import { type Deployment, openDeployment } from '../../harness/deployment/deployment.ts';
import { type FaultProxy, openFaultProxy } from '../../harness/deployment/fault-proxy.ts';
import { type FunctionProcess, startFunction } from '../../harness/processes/function-process.ts';
import { type Stack, startStack } from '../../harness/servers/stack.ts';

/** A deployment on its own servers, each reached through a proxy that injects faults. */
export interface FaultyDeployment extends Pick<
  Deployment,
  'sql' | 'journalDirectory' | 'start' | 'running' | 'replace'
> {
  /** The servers, reached directly. */
  readonly stack: Stack;
  /** The proxies between the functions and the servers. */
  readonly network: Readonly<Record<'postgres' | 'redis' | 'rabbitmq', FaultProxy>>;
  readonly links: FunctionProcess;
  /** Flushes only on request, and is never replaced. */
  readonly flusher: FunctionProcess;
  close(): Promise<void>;
}

const IMPATIENT = { VISIT_BATCH_WAIT_MS: '100', COUNTER_FLUSH_SECONDS: '1', STOP_DELAY_MS: '300' };

export async function openFaultyDeployment(): Promise<FaultyDeployment> {
  const stack = await startStack();
  const network = {
    postgres: await openFaultProxy(stack.postgres.port),
    redis: await openFaultProxy(stack.redis.port),
    rabbitmq: await openFaultProxy(stack.rabbitmq.port),
  };
  const reached = {
    databaseUrl: through(stack.postgres.url, network.postgres),
    redisUrl: through(stack.redis.url, network.redis),
    rabbitmqUrl: through(stack.rabbitmq.url, network.rabbitmq),
  };
  const deployment = await openDeployment(reached, IMPATIENT, stack.postgres.url);
  const links = await deployment.start('links');
  const flusher = await startFunction('counter-flush', { ...deployment.settings, TRIGGER: 'external' });
  await Promise.all(
    (['redirect', 'visit-writer', 'counter-flush'] as const).map((name) => deployment.start(name)),
  );
  return {
    sql: deployment.sql,
    journalDirectory: deployment.journalDirectory,
    stack,
    network,
    links,
    flusher,
    start: (...what) => deployment.start(...what),
    running: (name) => deployment.running(name),
    replace: (...what) => deployment.replace(...what),
    close: async () => {
      await flusher.end('SIGKILL');
      await deployment.close();
      await Promise.all(Object.values(network).map((each) => each.close()));
      await stack.stop();
    },
  };
}

function through(url: string, { port }: FaultProxy): string {
  return Object.assign(new URL(url), { port: `${port}` }).href;
}

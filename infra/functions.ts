import type { Cache } from './cache.ts';
import { type FunctionSettings, INTERNAL_PORT } from './containers.ts';
import { createContainerLambda } from './container-lambda.ts';
import { type Database, type Login, pascal } from './database.ts';
import type { Images } from './images.ts';
import type { LoadBalancer } from './load-balancer.ts';
import { HTTPS, type Network, REDIS, allow, allowOut } from './network.ts';
import type { Queue } from './queue.ts';
import { runMigrations, runTaskCommand } from './one-off.ts';
import { productMetric } from './metrics.ts';
import { createRole } from './permissions.ts';
import type { StoredSecret } from './secrets.ts';
import type { Cluster } from './service.ts';
import type { Stage } from './stage.ts';

interface Parts {
  readonly network: Network;
  readonly database: Database;
  readonly cache: Cache;
  readonly queue: Queue;
  readonly adminKey: StoredSecret;
  readonly images: Images;
  readonly cluster: Cluster;
  readonly loadBalancer: LoadBalancer;
}

export type Functions = ReturnType<typeof createFunctions>;

const PORT = 8080;
const REQUESTS_PER_REDIRECT = 60_000;
/** Messages that wait for each writer; one message carries up to 256 visits. */
const READY_MESSAGES_PER_WRITER = 200;

/** A load balancer takes 1 MB of a Lambda's answer, and an answer to many links is several times as long as they are. */
const BODY_KB_ON_LAMBDA = '128';

const COMMON = { NODE_ENV: 'production', LOG_LEVEL: 'info' };
/** CloudFront and the load balancer each append an address to X-Forwarded-For. */
const BEHIND_THE_EDGE = { TRUSTED_PROXY_HOPS: '2', COUNTRY_HEADER: 'CloudFront-Viewer-Country' };

/** Every function where it runs, with its own settings, rights and way to the parts that it uses. */
export function createFunctions(stage: Stage, parts: Parts) {
  const { network, database, cache, queue, adminKey, images, cluster, loadBalancer } = parts;
  const group = (name: string) => network.group(pascal(name), `The function ${name}`);
  const migrated = [migrate()];

  return {
    redirect: redirect(),
    links: api('links', {
      environment: {
        ...COMMON,
        BASE_URL: `https://${stage.domain}`,
        ...(stage.api === 'lambda' && restStore()),
      },
      secrets: {
        DATABASE_URL: [database.secrets.links, 'url'],
        ADMIN_API_KEY: [adminKey, 'key'],
        ...(stage.api === 'lambda'
          ? { UPSTASH_REDIS_REST_TOKEN: [cache.secret, 'restToken'] }
          : { REDIS_URL: [cache.secret, 'url'] }),
      },
    }),
    stats: api('stats', {
      environment: { ...COMMON },
      secrets: {
        DATABASE_URL: [database.secrets.stats, 'url'],
        ADMIN_API_KEY: [adminKey, 'key'],
        ...(database.hasReplica && { DATABASE_READ_URL: [database.secrets.stats, 'readUrl'] }),
      },
    }),
    visitWriter: visitWriter(),
    counterFlush: counterFlush(),
    /** How to look at dead letters: a command, to which `list`, `replay` or `purge` is added. */
    deadLetters: deadLetters(),
  };

  function migrate() {
    const migrateGroup = group('migrate');
    const ways = [...database.admit('Migrate', migrateGroup), allowOut('Migrate', migrateGroup, HTTPS)];
    const functions = [
      'redirect',
      'links',
      'stats',
      'visit-writer',
      'counter-flush',
    ] as const satisfies Login[];
    const task = cluster.createTask({
      name: 'migrate',
      image: images.build('migrate', 'runtime'),
      cpu: 256,
      memoryMb: 512,
      isServer: false,
      environment: COMMON,
      secrets: {
        DATABASE_URL: [database.secrets.owner, 'url'],
        // The logins that it makes.
        ...Object.fromEntries(
          functions.map((name) => [
            `${name.replaceAll('-', '_').toUpperCase()}_DATABASE_URL`,
            [database.secrets[name], 'url'] as const,
          ]),
        ),
      },
    });
    const migration = { task, cluster, network, group: migrateGroup };
    return runMigrations(migration, [...database.ready, ...ways]);
  }

  /** For a person: the broker has no public address, and what was set aside is to be looked at. */
  function deadLetters() {
    const ownGroup = group('dead-letters');
    queue.admit('DeadLetters', ownGroup);
    allowOut('DeadLetters', ownGroup, HTTPS);
    const task = cluster.createTask({
      name: 'dead-letters',
      image: images.build('dead-letters', 'runtime'),
      cpu: 256,
      memoryMb: 512,
      isServer: false,
      environment: COMMON,
      secrets: { RABBITMQ_URL: [queue.secret, 'url'] },
    });
    return runTaskCommand({ task, cluster, network, group: ownGroup });
  }

  function redirect() {
    const ownGroup = group('redirect');
    database.admit('Redirect', ownGroup);
    queue.admit('Redirect', ownGroup);
    allowOut('Redirect', ownGroup, REDIS);
    allowOut('Redirect', ownGroup, HTTPS);
    allow('LoadBalancerToRedirect', loadBalancer.group, ownGroup, PORT);
    allow('HealthOfRedirect', loadBalancer.group, ownGroup, INTERNAL_PORT);
    const targetGroup = loadBalancer.route('redirect', 'ip');
    const running = cluster.createService({
      name: 'redirect',
      image: images.build('redirect', 'runtime'),
      cpu: 512,
      memoryMb: 1024,
      hasJournal: true,
      environment: { ...COMMON, ...BEHIND_THE_EDGE, JOURNAL_DIR: '/journal' },
      secrets: {
        DATABASE_URL: [database.secrets.redirect, 'url'],
        REDIS_URL: [cache.secret, 'url'],
        RABBITMQ_URL: [queue.secret, 'url'],
      },
      group: ownGroup,
      scale: stage.redirects,
      // Its journal ends with its disk: it is not given up at two minutes' notice to save a few dollars.
      onSpot: false,
      targetGroup,
      after: [...migrated, loadBalancer.listener],
    });
    running.track('Requests', {
      predefinedMetricSpecification: {
        predefinedMetricType: 'ALBRequestCountPerTarget',
        resourceLabel: $interpolate`${loadBalancer.balancer.arnSuffix}/${targetGroup.arnSuffix}`,
      },
      targetValue: REQUESTS_PER_REDIRECT,
    });
    return { ...running, kind: 'service' as const, targetGroup };
  }

  function visitWriter() {
    const ownGroup = group('visit-writer');
    database.admit('VisitWriter', ownGroup);
    queue.admit('VisitWriter', ownGroup);
    allowOut('VisitWriter', ownGroup, HTTPS);
    const running = cluster.createService({
      name: 'visit-writer',
      image: images.build('visit-writer', 'runtime'),
      cpu: 512,
      memoryMb: 1024,
      environment: COMMON,
      secrets: {
        DATABASE_URL: [database.secrets['visit-writer'], 'url'],
        RABBITMQ_URL: [queue.secret, 'url'],
      },
      group: ownGroup,
      scale: stage.writers,
      // Killed anywhere, it neither loses nor doubles a visit.
      onSpot: true,
      after: migrated,
    });
    running.track('Queue', {
      targetValue: READY_MESSAGES_PER_WRITER,
      customizedMetricSpecification: readyMessagesPerWriter(running.service),
    });
    return { ...running, kind: 'service' as const };
  }

  function counterFlush() {
    const ownGroup = group('counter-flush');
    database.admit('CounterFlush', ownGroup);
    queue.admit('CounterFlush', ownGroup);
    allowOut('CounterFlush', ownGroup, HTTPS);
    const running = createContainerLambda(stage, network, {
      name: 'counter-flush',
      image: images.build('counter-flush', 'lambda'),
      group: ownGroup,
      memoryMb: 512,
      timeoutSeconds: 120,
      // Two are as right as one, and a flush that hangs must not hold up the next.
      maxConcurrent: 2,
      environment: {
        ...COMMON,
        ...restStore(),
        // A tick that is none has failed, too: it is to lie where somebody looks.
        AWS_LWA_ERROR_STATUS_CODES: '400-599',
      },
      secrets: {
        DATABASE_URL: [database.secrets['counter-flush'], 'url'],
        RABBITMQ_URL: [queue.secret, 'url'],
        UPSTASH_REDIS_REST_TOKEN: [cache.secret, 'restToken'],
      },
      after: migrated,
    });
    const deadLetters = new aws.sqs.Queue('CounterFlushDeadLetters', {
      messageRetentionSeconds: 14 * 24 * 3600,
      sqsManagedSseEnabled: true,
    });
    const scheduler = createRole('SchedulerRole', {
      service: 'scheduler',
      policies: {
        invoke: [{ actions: ['lambda:InvokeFunction'], resources: [running.lambda.arn] }],
        deadLetters: [{ actions: ['sqs:SendMessage'], resources: [deadLetters.arn] }],
      },
    });
    const tick = (name: string, scheduleExpression: string, task: 'flush' | 'maintain') =>
      new aws.scheduler.Schedule(name, {
        scheduleExpression,
        flexibleTimeWindow: { mode: 'OFF' },
        target: {
          arn: running.lambda.arn,
          roleArn: scheduler.arn,
          input: JSON.stringify({ task }),
          retryPolicy: { maximumRetryAttempts: 2, maximumEventAgeInSeconds: 300 },
          deadLetterConfig: { arn: deadLetters.arn },
        },
      });
    tick('FlushEveryMinute', 'rate(1 minute)', 'flush');
    tick('MaintainEveryHour', 'rate(1 hour)', 'maintain');
    return { ...running, kind: 'lambda' as const, deadLetters };
  }

  /** A function of the API, on what the stage says. */
  function api(name: 'links' | 'stats', settings: FunctionSettings) {
    const ownGroup = group(name);
    const resource = pascal(name);
    database.admit(resource, ownGroup);
    if (name === 'stats' && database.hasReplica) database.admit(`${resource}Reads`, ownGroup, 'read');
    allowOut(resource, ownGroup, HTTPS);
    if (stage.api === 'lambda') {
      const targetGroup = loadBalancer.route(name, 'lambda');
      const running = createContainerLambda(stage, network, {
        name,
        image: images.build(name, 'lambda'),
        group: ownGroup,
        memoryMb: 512,
        timeoutSeconds: 15,
        maxConcurrent: 5,
        environment: {
          ...settings.environment,
          ...(name === 'links' && { MAX_BODY_KB: BODY_KB_ON_LAMBDA }),
          // None that a function gives: an answer is the caller's to read, and the load balancer counts those with 5xx.
          AWS_LWA_ERROR_STATUS_CODES: '599',
        },
        secrets: settings.secrets,
        after: migrated,
      });
      const permission = new aws.lambda.Permission(`${resource}FromLoadBalancer`, {
        action: 'lambda:InvokeFunction',
        principal: 'elasticloadbalancing.amazonaws.com',
        function: running.lambda.name,
        sourceArn: targetGroup.arn,
      });
      new aws.lb.TargetGroupAttachment(
        `${resource}Target`,
        { targetGroupArn: targetGroup.arn, targetId: running.lambda.arn },
        { dependsOn: [permission] },
      );
      return { ...running, kind: 'lambda' as const, targetGroup };
    }
    if (name === 'links') allowOut(resource, ownGroup, REDIS);
    allow(`LoadBalancerTo${resource}`, loadBalancer.group, ownGroup, PORT);
    allow(`HealthOf${resource}`, loadBalancer.group, ownGroup, INTERNAL_PORT);
    const targetGroup = loadBalancer.route(name, 'ip');
    const running = cluster.createService({
      name,
      image: images.build(name, 'runtime'),
      cpu: 256,
      memoryMb: 512,
      ...settings,
      group: ownGroup,
      scale: stage.apiScale,
      onSpot: false,
      targetGroup,
      after: [...migrated, loadBalancer.listener],
    });
    return { ...running, kind: 'service' as const, targetGroup };
  }

  /** As the writers tell it themselves: of its queues not every broker tells CloudWatch. */
  function readyMessagesPerWriter({ name: service }: aws.ecs.Service) {
    const { namespace, metricName, stat, dimensions } = productMetric(
      stage,
      'visit-writer',
      'visit_queue_ready_messages',
      'Maximum',
    );
    const named = (by: Readonly<Record<string, $util.Input<string>>>) =>
      Object.entries(by).map(([name, value]) => ({ name, value }));
    return {
      metrics: [
        {
          id: 'ready',
          returnData: false,
          metricStat: { stat, metric: { namespace, metricName, dimensions: named(dimensions) } },
        },
        {
          id: 'writers',
          returnData: false,
          metricStat: {
            stat: 'Average',
            metric: {
              namespace: 'ECS/ContainerInsights',
              metricName: 'RunningTaskCount',
              dimensions: named({ ClusterName: cluster.cluster.name, ServiceName: service }),
            },
          },
        },
        {
          id: 'each',
          label: 'Ready messages per writer',
          expression: 'ready / FILL(writers, 1)',
          returnData: true,
        },
      ],
    };
  }

  /** Over REST: a connection does not outlive the sleep of a Lambda. */
  function restStore() {
    return { UPSTASH_REDIS_REST_URL: cache.restUrl };
  }
}

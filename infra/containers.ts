import { manifest as standalone } from '../functions/standalone/manifest.ts';
import type { Image } from './images.ts';
import { metricNamespace } from './metrics.ts';
import type { StoredSecret } from './secrets.ts';
import type { Stage } from './stage.ts';

export interface FunctionSettings {
  readonly environment: Readonly<Record<string, $util.Input<string>>>;
  /** Settings whose value is a field of a secret. */
  readonly secrets: Readonly<Record<string, readonly [secret: StoredSecret, field: string]>>;
}

export interface TaskOptions extends FunctionSettings {
  readonly name: string;
  readonly image: Image;
  readonly cpu: number;
  readonly memoryMb: number;
  /** False for a command that runs once. */
  readonly isServer?: boolean;
  /** Whether it has a journal on its disk. */
  readonly hasJournal?: boolean;
  /** Metrics of `/.metrics` that become metrics of CloudWatch. */
  readonly metrics?: readonly string[];
}

/** The fields of a container definition of ECS that are used here. */
export interface Container {
  readonly name: string;
  readonly image: $util.Input<string>;
  readonly essential: boolean;
  readonly environment: readonly { readonly name: string; readonly value: $util.Input<string> }[];
  readonly [key: string]: unknown;
}

/** ADOT: reads a function's metrics at `/.metrics` and writes them to a log, which CloudWatch reads. */
const COLLECTOR = 'public.ecr.aws/aws-observability/aws-otel-collector:v0.43.1';

/** The volume on a task's own disk, which is deleted with the task. */
export const JOURNAL = 'journal';

/** The ports that every image sets. No listener of the load balancer reaches the internal one. */
export const { port: PORT, internal: INTERNAL_PORT } = standalone.ports;

const HAS_STARTED = `fetch('http://127.0.0.1:${INTERNAL_PORT}/.started').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`;

/** How long a new task may take to reach its backing services before it counts as failed. ECS allows no more. */
export const START_SECONDS = 300;

/** Not /.ready: a restart because a backing service is down would only empty the function's memory. */
const SERVER = {
  portMappings: [{ containerPort: PORT, protocol: 'tcp' }],
  healthCheck: {
    command: ['CMD', 'node', '-e', HAS_STARTED],
    interval: 15,
    timeout: 5,
    retries: 3,
    startPeriod: START_SECONDS,
  },
};

export function functionContainer(options: TaskOptions, logs: aws.cloudwatch.LogGroup): Container {
  return {
    name: options.name,
    image: options.image.reference,
    essential: true,
    user: 'node',
    readonlyRootFilesystem: true,
    ...(options.hasJournal && {
      mountPoints: [{ sourceVolume: JOURNAL, containerPath: '/journal', readOnly: false }],
    }),
    ...(options.isServer !== false && SERVER),
    linuxParameters: { capabilities: { drop: ['ALL'] } },
    // A function serves on for a moment, and takes up to 15 seconds to finish its requests.
    stopTimeout: 30,
    environment: pairs(options.environment),
    secrets: Object.entries(options.secrets).map(([name, [secret, field]]) => ({
      name,
      valueFrom: secret.field(field),
    })),
    logConfiguration: logTo(logs, options.name),
  };
}

export function collector(
  stage: Stage,
  name: string,
  metrics: readonly string[],
  logs: aws.cloudwatch.LogGroup,
): Container {
  const configuration = {
    receivers: {
      prometheus: {
        config: {
          scrape_configs: [
            {
              job_name: 'terse',
              scrape_interval: '60s',
              metrics_path: '/.metrics',
              static_configs: [{ targets: [`127.0.0.1:${INTERNAL_PORT}`], labels: { function: name } }],
              metric_relabel_configs: [
                { source_labels: ['__name__'], regex: metrics.join('|'), action: 'keep' },
              ],
            },
          ],
        },
      },
    },
    exporters: {
      awsemf: {
        namespace: metricNamespace(stage),
        log_group_name: logs.name,
        log_stream_name: 'metrics/{TaskId}',
        // Counters start at 0, so increments before the first scrape count, too.
        retain_initial_value_of_delta_metric: true,
        // One metric per function over all its tasks: alarms ask for the sum.
        dimension_rollup_option: 'NoDimensionRollup',
        metric_declarations: [{ dimensions: [['function']], metric_name_selectors: metrics }],
      },
    },
    service: { pipelines: { metrics: { receivers: ['prometheus'], exporters: ['awsemf'] } } },
  };
  return {
    name: 'metrics',
    image: COLLECTOR,
    // The function goes on without it.
    essential: false,
    readonlyRootFilesystem: true,
    memoryReservation: 64,
    environment: [{ name: 'AOT_CONFIG_CONTENT', value: $jsonStringify(configuration) }],
    logConfiguration: logTo(logs, 'metrics-collector'),
  };
}

function logTo(logs: aws.cloudwatch.LogGroup, prefix: string) {
  return {
    logDriver: 'awslogs',
    options: {
      'awslogs-group': logs.name,
      'awslogs-region': aws.getRegionOutput().region,
      'awslogs-stream-prefix': prefix,
      // A log that cannot be written must not delay a redirect.
      mode: 'non-blocking',
    },
  };
}

function pairs(settings: TaskOptions['environment']) {
  return Object.entries(settings).map(([name, value]) => ({ name, value }));
}

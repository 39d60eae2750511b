import { pascal } from '../resource-name.ts';
import { type Collecting, productMetric } from '../metrics.ts';
import type { Cluster } from '../cluster.ts';
import type { Service } from '../service.ts';
import type { Stage } from '../stage.ts';
import type { CreateAlarm } from './alarm.ts';

interface RunningService extends Service {
  readonly name: Collecting;
}

/** Alarms on too few running tasks, and on missing metrics. */
export function createServiceAlarms(
  stage: Stage,
  alarm: CreateAlarm,
  { cluster }: Cluster,
  { name, service, scale: { min } }: RunningService,
): void {
  const dimensions = { ClusterName: cluster.name, ServiceName: service.name };
  alarm(`${pascal(name)}Running`, {
    says: `Fewer than ${min} of ${name} run`,
    metric: {
      namespace: 'ECS/ContainerInsights',
      metricName: 'RunningTaskCount',
      dimensions,
      stat: 'Minimum',
    },
    below: min,
    minutes: 5,
    withoutData: 'breaching',
  });
  alarm(`${pascal(name)}Cpu`, {
    says: `${name} uses all its CPU and cannot scale further`,
    metric: { namespace: 'AWS/ECS', metricName: 'CPUUtilization', dimensions, stat: 'Average' },
    above: 85,
    minutes: 10,
    // The first alarm reports that nothing runs.
    withoutData: 'notBreaching',
  });
  alarm(`${pascal(name)}Metrics`, {
    says: `No metrics of ${name} arrive, so the alarms on them are blind`,
    metric: productMetric(stage, name, 'backing_services_unreached', 'SampleCount'),
    below: 1,
    minutes: 5,
    withoutData: 'breaching',
  });
}

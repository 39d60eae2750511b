import { pascal } from '../resource-name.ts';
import { type Collecting, productMetric } from '../metrics.ts';
import type { Stage } from '../stage.ts';
import type { CreateAlarm } from './alarm.ts';

/** Goes off when a new process does not reach a backing service. During a rollout, ECS then rolls back. */
export function createRolloutAlarm(stage: Stage, alarm: CreateAlarm, name: Collecting) {
  return alarm(`${pascal(name)}Unreached`, {
    says: `A new ${name} has not reached a backing service: a secret or a network is wrong`,
    metric: productMetric(stage, name, 'backing_services_unreached', 'Maximum'),
    above: 0,
    minutes: 2,
    // Another alarm reports missing metrics.
    withoutData: 'notBreaching',
  });
}

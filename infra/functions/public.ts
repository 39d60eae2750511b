import type { FunctionManifest } from '@terse/platform/function-manifest';
import { createContainerLambda } from '../container-lambda.ts';
import type { FunctionSettings } from '../containers.ts';
import type { Collecting } from '../metrics.ts';
import { balanceLambda, balanceTasks } from './balance.ts';
import { connect } from './connect.ts';
import type { MigratedPlace } from './place.ts';

interface PublicManifest<Name extends Collecting> extends FunctionManifest {
  readonly name: Name;
  readonly routes: readonly string[];
}

interface PublicOptions extends Partial<FunctionSettings> {
  /** The priority of its rule at the load balancer: longer routes come first. */
  readonly priority: number;
}

/** No function answers 599: callers get every answer, and the load balancer counts those with 5xx. */
const EVERY_ANSWER = { AWS_LWA_ERROR_STATUS_CODES: '599' };

/** Creates a function that callers reach, as a service or as a container Lambda, as the stage says. */
export function createPublicFunction<Name extends Collecting>(
  place: MigratedPlace,
  manifest: PublicManifest<Name>,
  { priority, ...own }: PublicOptions,
) {
  const { name } = manifest;
  const { stage, network, images, cluster, loadBalancer, migrated } = place;
  const isOnLambda = stage.api === 'lambda';
  const connected = connect(place, manifest, isOnLambda ? 'rest' : 'tcp');
  const settings = {
    environment: { ...connected.environment, ...own.environment },
    secrets: { ...connected.secrets, ...own.secrets },
  };
  const { group } = connected;
  if (isOnLambda) {
    const running = createContainerLambda(stage, network, {
      name,
      image: images.build(name, 'lambda'),
      group,
      memoryMb: 512,
      timeoutSeconds: 15,
      maxConcurrent: 5,
      environment: { ...settings.environment, ...EVERY_ANSWER },
      secrets: settings.secrets,
      after: migrated,
    });
    const targetGroup = balanceLambda(place, manifest, running.lambda, priority);
    return { ...running, kind: 'lambda' as const, name, targetGroup, p99Seconds: 2 };
  }
  const targetGroup = balanceTasks(place, manifest, group, priority);
  const running = cluster.createService({
    name,
    image: images.build(name, 'runtime'),
    cpu: 256,
    memoryMb: 512,
    ...settings,
    group,
    scale: stage.apiScale,
    onSpot: false,
    targetGroup,
    after: [...migrated, loadBalancer.listener],
  });
  return { ...running, kind: 'service' as const, name, targetGroup, p99Seconds: 2 };
}

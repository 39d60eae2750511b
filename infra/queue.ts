import { AMQPS, type Network, type SecurityGroup, allow, allowOut } from './network.ts';
import { createPassword, storeSecret } from './secrets.ts';
import type { Stage } from './stage.ts';

export type Queue = ReturnType<typeof createQueue>;

/** Creates RabbitMQ; the functions declare their queues. */
export function createQueue(stage: Stage, network: Network) {
  return stage.queue.kind === 'amazon-mq'
    ? createAmazonMq(stage, stage.queue, network)
    : createCloudAmqp(stage, stage.queue);
}

function createAmazonMq(
  stage: Stage,
  { instance, version, isCluster }: Extract<Stage['queue'], { kind: 'amazon-mq' }>,
  network: Network,
) {
  const group = network.group('Broker', 'RabbitMQ');
  const username = 'terse';
  const password = createPassword('Broker');
  const brokerName = `terse-${stage.name}`;
  const broker = new aws.mq.Broker(
    'Broker',
    {
      brokerName,
      engineType: 'RabbitMQ',
      engineVersion: version,
      hostInstanceType: instance,
      deploymentMode: isCluster ? 'CLUSTER_MULTI_AZ' : 'SINGLE_INSTANCE',
      publiclyAccessible: false,
      subnetIds: network.privateSubnets.apply((subnets) => (isCluster ? subnets : subnets.slice(0, 1))),
      securityGroups: [group.id],
      users: [{ username, password }],
      autoMinorVersionUpgrade: true,
      logs: { general: true },
    },
    // Amazon MQ replaces the broker when its users change, and the messages in the old one would be lost.
    { ignoreChanges: ['users'] },
  );
  const address = broker.instances.apply((nodes) => {
    const endpoint = nodes[0]?.endpoints?.[0];
    if (!endpoint?.startsWith('amqps://')) throw new Error('The broker has no address for AMQP over TLS.');
    return endpoint.slice('amqps://'.length);
  });
  return {
    kind: 'amazon-mq' as const,
    brokerName,
    secret: storeSecret(stage, 'Broker', {
      username,
      password,
      url: $interpolate`amqps://${username}:${password}@${address}`,
    }),
    admit: (name: string, from: SecurityGroup) => allow(`${name}ToBroker`, from, group, AMQPS),
  };
}

function createCloudAmqp(stage: Stage, { plan }: Extract<Stage['queue'], { kind: 'cloudamqp' }>) {
  const instance = new cloudamqp.Instance('Broker', {
    name: `terse-${stage.name}`,
    plan,
    region: $interpolate`amazon-web-services::${aws.getRegionOutput().region}`,
    rmqVersion: '4.2.0',
    tags: [stage.name],
  });
  return {
    kind: 'cloudamqp' as const,
    instanceId: instance.id.apply(Number),
    secret: storeSecret(stage, 'Broker', { url: instance.url }),
    admit: (name: string, from: SecurityGroup) => [allowOut(`${name}Broker`, from, AMQPS)],
  };
}

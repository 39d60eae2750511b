import { readConfig } from '@terse/runtime/settings/config';
import { describe, expect, inject, test } from 'vitest';
import { SECRET_MARK } from '../../infra/plan/plan.ts';
import { describePlan } from './describe-plan.ts';
import { containersOf, functionsOf, nameInArn } from './functions-of-plan.ts';
import { evaluatePlan, readPlan, shortType, textsIn } from './plans.ts';
import { statementsOf } from './statements.ts';
import { type FunctionName, MANIFESTS, PRODUCT_FUNCTIONS } from '../../functions/manifests.ts';

const plans = inject('plans');
const production = readPlan(plans.production);
const dev = readPlan(plans.dev);
const pullRequest = readPlan(plans['pr-7']);
const otherwise = readPlan(plans['production, otherwise']);

const PLANS = { production, dev, 'pr-7': pullRequest, 'production, otherwise': otherwise };

/** On AWS, the edge takes the place of the gateway. */
const FUNCTIONS = PRODUCT_FUNCTIONS.filter((name) => name !== 'gateway');

describe.each(Object.entries(PLANS))('%s', (name, plan) => {
  const functions = functionsOf(plan);
  const running = functions.filter(({ kind }) => kind !== 'task');

  test('has these resources, and these connections', async () => {
    await expect(describePlan(plan)).toMatchFileSnapshot(`plans/${name.replaceAll(/\W+/g, '-')}.txt`);
  });

  test('gives each function settings that it accepts, and no others', () => {
    expect(running.map((each) => each.name)).toEqual(FUNCTIONS);
    for (const { name, environment } of functions) {
      const settings = Object.entries(environment).filter(
        ([setting]) => !/^AWS_LWA_|^SECRET_VERSIONS$/.test(setting),
      );
      const config = readConfig(MANIFESTS[name as FunctionName], Object.fromEntries(settings));
      expect(config.isProduction).toBe(true);
      for (const [setting] of settings) {
        const changed = { ...Object.fromEntries(settings), [setting]: 'other/than?that' };
        expect(outcome(name, changed), `${setting} of ${name} says something`).not.toEqual(
          outcome(name, Object.fromEntries(settings)),
        );
      }
    }
  });

  test('limits a body on Lambda so that its answer passes the load balancer', () => {
    const bodies = functions
      .filter(({ name }) => name === 'links')
      .map(({ kind, environment }) => [kind, readConfig(MANIFESTS.links, environment).maxBodyBytes]);
    expect(bodies).toEqual([
      plan.of('lambda/function').length > 1 ? ['lambda', 128 * 1024] : ['service', 4096 * 1024],
    ]);
  });

  test('runs each function on its own image, from the right target', () => {
    const images = plan
      .of('command:local:Command')
      .map(({ inputs }) => inputs)
      .filter(({ create }) => create === 'infra/build-image.sh');
    expect(images).toHaveLength(functions.length);
    for (const { name, kind, image } of functions) {
      const built = images.find(({ environment }) => (environment as { FUNCTION: string }).FUNCTION === name);
      const target = kind === 'lambda' ? 'lambda' : 'runtime';
      expect(built?.['environment']).toMatchObject({
        TARGET: target,
        TAG: `abcdef012345-${target}`,
        // Docker's default driver builds one platform at once.
        PLATFORM: 'linux/arm64',
      });
      expect(image, 'by digest').toMatch(/@sha256:/);
    }
    for (const { inputs } of plan.of('ecs/taskDefinition')) {
      expect(inputs['runtimePlatform']).toMatchObject({ cpuArchitecture: 'ARM64' });
    }
    for (const { inputs } of plan.of('lambda/function')) expect(inputs['architectures']).toEqual(['arm64']);
    for (const { inputs } of plan.of('ecr/repository')) {
      expect(inputs['imageTagMutability']).toBe('IMMUTABLE');
    }
  });

  test('gives only the NAT a public address', () => {
    for (const { inputs } of plan.of('ec2/subnet')) expect(inputs['mapPublicIpOnLaunch']).not.toBe(true);
    for (const { inputs } of plan.of('ecs/service')) {
      expect(inputs['networkConfiguration']).toMatchObject({
        assignPublicIp: false,
        subnets: [expect.stringContaining('Private'), expect.stringContaining('Private')],
      });
    }
    for (const { inputs } of plan.of('lambda/function')) {
      expect(inputs['vpcConfig']).toMatchObject({
        subnetIds: [expect.stringContaining('Private'), expect.any(String)],
      });
    }
    for (const type of ['rds/instance', 'mq/broker']) {
      for (const { inputs } of plan.of(type)) expect(inputs['publiclyAccessible']).toBe(false);
    }
    for (const { inputs } of plan.of('lb/loadBalancer')) expect(inputs['internal']).toBe(true);
    for (const { inputs } of plan.of('ec2/instance')) {
      expect(inputs['associatePublicIpAddress']).not.toBe(true);
    }
    expect(plan.of('ec2/eip').map(({ name }) => name)).toEqual(['NetworkElasticIp1', 'NetworkElasticIp2']);
  });

  test('admits only named groups', () => {
    for (const { name, inputs } of plan.of('vpc/securityGroupIngressRule')) {
      const isNamed =
        inputs['referencedSecurityGroupId'] !== undefined || inputs['prefixListId'] === 'pl-cloudfront';
      expect(isNamed, name).toBe(true);
      expect(inputs['toPort'], name).toBe(inputs['fromPort']);
    }
    const { internalPort } = readConfig(MANIFESTS.standalone, {});
    const probing = plan
      .of('vpc/securityGroupIngressRule')
      .filter(({ inputs }) => inputs['toPort'] === internalPort)
      .map(({ inputs }) => inputs['referencedSecurityGroupId']);
    expect(new Set(probing), 'the collector beside a function needs no rule').toEqual(
      new Set(['LoadBalancerGroup-id']),
    );
    for (const { inputs } of plan.of('lb/targetGroup')) expect(inputs['port']).not.toBe(internalPort);
    for (const { inputs } of plan.of('ec2/defaultSecurityGroup')) {
      expect(inputs).toMatchObject({ ingress: [], egress: [] });
    }
    const withOwnRules = plan
      .of('ec2/securityGroup')
      .filter(({ inputs }) => inputs['ingress'] ?? inputs['egress']);
    for (const { name, inputs } of withOwnRules) {
      expect(name).toBe('NetworkNatInstanceSecurityGroup');
      expect(inputs['ingress']).toMatchObject([{ cidrBlocks: ['10.0.0.0/16'] }]);
    }
  });

  test('has secrets only in Secrets Manager and in the servers that check them', () => {
    const holders: Record<string, string> = {
      'secretsmanager/secretVersion': 'secretString',
      'rds/instance': 'password',
      'mq/broker': 'users',
    };
    for (const { type, name, inputs, secretInputs } of plan.resources) {
      const allowed = holders[shortType(type)];
      const found = [...textsIn(inputs)]
        .filter(([, text]) => text.includes(SECRET_MARK))
        .map(([path]) => path);
      expect(
        found.filter((path) => path.split('.')[0] !== allowed),
        name,
      ).toEqual([]);
      const unencrypted = found.filter((path) => !secretInputs.includes(path.split('.')[0] ?? ''));
      expect(unencrypted, `${name} is encrypted in the state`).toEqual([]);
    }
    expect(plan.of('secretsmanager/secretVersion').length).toBeGreaterThan(8);
  });

  test('lets each function read only its own secrets, and use its own login', () => {
    const statements = statementsOf(plan);
    for (const { name, secretArns, readingRole } of functions) {
      const readable = statements
        .filter(
          ({ role, actions }) => role === readingRole && actions.includes('secretsmanager:GetSecretValue'),
        )
        .flatMap(({ resources }) => resources);
      expect([...new Set(readable)].toSorted(), name).toEqual(secretArns);
    }
    const { makesLoginsOf } = MANIFESTS.migrate;
    const loginOf = (name: string) => `${name.replaceAll('-', '_')}_login`;
    const logins = functions.map(({ name, environment }) => [
      name,
      ...['DATABASE_URL', 'DATABASE_READ_URL'].flatMap((setting) =>
        environment[setting] === undefined ? [] : [new URL(environment[setting]).username],
      ),
    ]);
    expect(
      logins.flatMap(([name, ...users]) => [...new Set(users)].map((user) => `${name}: ${user}`)),
    ).toEqual(
      [...makesLoginsOf.map(({ name }) => `${name}: ${loginOf(name)}`), 'migrate: owner_login'].toSorted(),
    );
    const { logins: made } = readConfig(
      MANIFESTS.migrate,
      functions.find(({ name }) => name === 'migrate')?.environment,
    );
    expect(made.map(({ name, role }) => `${name} in ${role}`)).toEqual(
      makesLoginsOf.map(({ name, databaseRole }) => `${loginOf(name)} in ${databaseRole}`),
    );
  });

  /** Actions that are allowed on every resource, and why. */
  const ON_EVERYTHING: Record<string, string> = {
    'ecr:GetAuthorizationToken': 'a token is for the whole registry: AWS has no narrower resource',
    'ec2:CreateNetworkInterface':
      'a Lambda in a VPC creates its interfaces, and AWS has no narrower resource',
    'ec2:DescribeNetworkInterfaces': 'the same',
    'ec2:DeleteNetworkInterface': 'the same',
    'arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore':
      'the NAT instance of SST, in small stages: to be looked at',
  };

  test('allows no action on every resource, except the listed ones', () => {
    const wide = statementsOf(plan).filter(({ resources }) =>
      resources.some((resource) => /^(?:\*|arn:.*:\*\*?)$/.test(resource)),
    );
    const actions = wide
      .filter(({ resources }) => !resources.every((resource) => /:[^*]+Logs:\*$/.test(resource)))
      .flatMap(({ actions }) => actions);
    expect(actions.filter((action) => ON_EVERYTHING[action] === undefined)).toEqual([]);
    for (const { actions } of statementsOf(plan)) {
      for (const action of actions) expect(action).not.toMatch(/^\*|:\*$/);
    }
  });

  test('uses TLS on every connection', () => {
    for (const { environment } of functions) {
      for (const [setting, value] of Object.entries(environment)) {
        const url = /^[a-z]+:\/\//.test(value) ? new URL(value) : undefined;
        if (!url) continue;
        const isEncrypted = url.protocol.startsWith('postgres')
          ? ['verify-full', 'require'].includes(url.searchParams.get('sslmode') ?? '')
          : ['rediss:', 'amqps:', 'https:'].includes(url.protocol);
        expect(isEncrypted, setting).toBe(true);
      }
    }
    expect(plan.one('rds/parameterGroup', 'DatabaseParameters').inputs['parameters']).toContainEqual({
      name: 'rds.force_ssl',
      value: '1',
    });
    for (const { inputs } of plan.of('rds/proxy')) expect(inputs['requireTls']).toBe(true);
    for (const { inputs } of plan.of('upstash:index/redisDatabase:RedisDatabase')) {
      expect(inputs['tls']).toBe(true);
    }
    for (const { inputs } of plan.of('lb/listener')) {
      expect(inputs).toMatchObject({ protocol: 'HTTPS', sslPolicy: expect.stringContaining('TLS13-1-2') });
    }
    for (const { inputs } of plan.of('cloudfront/vpcOrigin')) {
      expect(inputs['vpcOriginEndpointConfig']).toMatchObject({
        originProtocolPolicy: 'https-only',
        originSslProtocols: { items: ['TLSv1.2'] },
      });
    }
    expect(plan.one('cloudfront/distribution', 'Edge').inputs).toMatchObject({
      viewerCertificate: { minimumProtocolVersion: 'TLSv1.2_2021' },
      defaultCacheBehavior: { viewerProtocolPolicy: 'redirect-to-https' },
    });
    // Only the load balancer uses HTTP, to tasks in the private subnets, between two groups that name each other.
    const plain = plan.of('lb/targetGroup').filter(({ inputs }) => inputs['protocol'] === 'HTTP');
    expect(plain.map(({ inputs }) => inputs['targetType']).every((type) => type === 'ip')).toBe(true);
  });

  test('runs containers with read-only file systems', () => {
    for (const [definition, container] of containersOf(plan)) {
      expect(container.readonlyRootFilesystem, definition).toBe(true);
      if (container.name === 'metrics') continue;
      expect(container).toMatchObject({ user: 'node', linuxParameters: { capabilities: { drop: ['ALL'] } } });
    }
  });

  test('retains logs as long as the stage says', () => {
    const days = plan.of('cloudwatch/logGroup').map(({ inputs }) => inputs['retentionInDays']);
    expect(days.length).toBeGreaterThanOrEqual(functions.length);
    expect(new Set(days)).toEqual(new Set([name.startsWith('production') ? 30 : 7]));
    const groups = new Set(plan.of('cloudwatch/logGroup').map(({ name }) => `${name}-name`));
    for (const [, { logConfiguration }] of containersOf(plan)) {
      expect(groups).toContain(logConfiguration.options['awslogs-group']);
    }
  });

  test('brings the database up to date before any function is updated', () => {
    for (const type of ['ecs/service', 'lambda/function']) {
      for (const { name, dependsOn } of plan.of(type)) expect(dependsOn, name).toContain('Migrations');
    }
    const { inputs } = plan.one('command:local:Command', 'Migrations');
    const [trigger] = inputs['triggers'] as string[];
    expect(nameInArn(String(trigger))).toBe('MigrateDefinition');
  });

  test('restarts the readers of a changed secret, after the database has it', () => {
    const versionsOf = (arns: readonly string[]) =>
      arns.map((arn) => `version-of-${nameInArn(arn)}Value`).toSorted();
    const named = (versions: unknown) => String(versions).split(' ').toSorted();
    for (const { name, secretArns, restartsWith } of running) {
      expect(named(restartsWith), name).toEqual(versionsOf(secretArns));
    }
    const migrate = functions.find(({ name }) => name === 'migrate');
    const { inputs } = plan.one('command:local:Command', 'Migrations');
    expect(named((inputs['triggers'] as string[])[1])).toEqual(versionsOf(migrate?.secretArns ?? []));
    // A change of users would replace the broker.
    for (const { ignoreChanges } of plan.of('mq/broker')) expect(ignoreChanges).toEqual(['users']);
  });

  test('keeps each failed tick of the schedule as a dead letter', () => {
    const ticks = plan.of('scheduler/schedule').map(({ inputs }) => {
      const target = inputs['target'] as Record<string, unknown>;
      expect(target).toMatchObject({
        retryPolicy: { maximumRetryAttempts: 2 },
        deadLetterConfig: { arn: expect.stringContaining('CounterFlushDeadLetters') },
      });
      return [String(inputs['scheduleExpression']), target['input']] as const;
    });
    expect(Object.fromEntries(ticks) as unknown).toEqual({
      'rate(1 hour)': '{"task":"maintain"}',
      'rate(1 minute)': '{"task":"flush"}',
    });
  });

  test('caches nothing at the edge for longer than the answer says', () => {
    expect(plan.one('cloudfront/cachePolicy', 'AsTheLinkSays').inputs).toMatchObject({
      minTtl: 0,
      defaultTtl: 0,
    });
    const { customErrorResponses } = plan.one('cloudfront/distribution', 'Edge').inputs;
    const cached = (customErrorResponses as { errorCode: number; errorCachingMinTtl: number }[]).map(
      ({ errorCode, errorCachingMinTtl }) => [errorCode, errorCachingMinTtl],
    );
    expect(cached).toEqual([400, 403, 404, 405, 414, 500, 501, 502, 503, 504].map((code) => [code, 0]));
    const firewall = plan.one('wafv2/webAcl', 'Firewall');
    expect(firewall.inputs['scope']).toBe('CLOUDFRONT');
    expect(firewall.provider, 'CloudFront takes one from us-east-1 only').toContain('GlobalRegion');
    expect(JSON.stringify(firewall.inputs)).toMatch(/RateBased|rateBasedStatement/);
  });
});

/** Returns the configuration of settings, or the reason for their refusal. */
function outcome(name: string, environment: Readonly<Record<string, string>>): unknown {
  try {
    return JSON.parse(JSON.stringify(readConfig(MANIFESTS[name as FunctionName], environment)));
  } catch (error) {
    return String(error);
  }
}

describe('the differences between stages', () => {
  test('production loses nothing by mistake', () => {
    for (const plan of [production, otherwise]) {
      expect(plan.app).toMatchObject({ protect: true, removal: 'retain' });
      for (const { inputs, retainOnDelete } of plan.of('rds/instance')) {
        expect(inputs['deletionProtection']).toBe(true);
        expect(retainOnDelete).toBe(true);
      }
      expect(plan.one('rds/instance', 'Database').inputs).toMatchObject({
        multiAz: true,
        skipFinalSnapshot: false,
        backupRetentionPeriod: 14,
        storageEncrypted: true,
      });
      for (const { inputs } of plan.of('lb/loadBalancer')) {
        expect(inputs['enableDeletionProtection']).toBe(true);
      }
      for (const { inputs } of plan.of('secretsmanager/secret')) {
        expect(inputs['recoveryWindowInDays']).toBe(30);
      }
      for (const { inputs } of plan.of('ecr/repository')) expect(inputs['forceDelete']).toBe(false);
    }
    expect(production.one('mq/broker', 'Broker').inputs).toMatchObject({
      deploymentMode: 'CLUSTER_MULTI_AZ',
      engineVersion: '4.2',
    });
  });

  test('a pull request can be removed completely', () => {
    expect(pullRequest.app).toEqual({ stage: 'pr-7', protect: false, removal: 'remove' });
    for (const { inputs } of pullRequest.of('rds/instance')) {
      expect(inputs).toMatchObject({ deletionProtection: false, skipFinalSnapshot: true });
    }
    for (const { inputs } of pullRequest.of('secretsmanager/secret')) {
      expect(inputs['recoveryWindowInDays']).toBe(0);
    }
    for (const { inputs } of pullRequest.of('ecr/repository')) expect(inputs['forceDelete']).toBe(true);
    expect(pullRequest.resources.filter(({ retainOnDelete }) => retainOnDelete)).toEqual([]);
  });

  test('scales between these bounds', () => {
    const bounds = Object.values(PLANS).map((plan) =>
      plan
        .of('appautoscaling/target')
        .map(
          ({ name, inputs }) => `${name} ${Number(inputs['minCapacity'])}–${Number(inputs['maxCapacity'])}`,
        )
        .toSorted(),
    );
    expect(bounds).toEqual([
      ['LinksScaling 2–6', 'RedirectScaling 2–20', 'StatsScaling 2–6', 'VisitWriterScaling 1–10'],
      ['RedirectScaling 1–2', 'VisitWriterScaling 1–2'],
      ['RedirectScaling 1–2', 'VisitWriterScaling 1–2'],
      ['RedirectScaling 2–20', 'VisitWriterScaling 1–10'],
    ]);
  });

  test('scales redirects by their requests, and writers by waiting messages, on spare machines', () => {
    const [byRequests] = [production.one('appautoscaling/policy', 'RedirectByRequests')];
    expect(byRequests.inputs['targetTrackingScalingPolicyConfiguration']).toMatchObject({
      predefinedMetricSpecification: {
        predefinedMetricType: 'ALBRequestCountPerTarget',
        resourceLabel: 'suffix/LoadBalancer/suffix/RedirectTargets',
      },
    });
    for (const plan of Object.values(PLANS)) {
      const byQueue = plan.one('appautoscaling/policy', 'VisitWriterByQueue');
      expect(JSON.stringify(byQueue.inputs), 'on every broker').toContain('visit_queue_ready_messages');
    }
    const machines = (service: string) =>
      (
        production.one('ecs/service', service).inputs['capacityProviderStrategies'] as {
          capacityProvider: string;
        }[]
      ).map(({ capacityProvider }) => capacityProvider);
    expect(machines('RedirectService')).toEqual(['FARGATE']);
    expect(machines('VisitWriterService')).toEqual(['FARGATE', 'FARGATE_SPOT']);
  });

  test('has a budget in stages that last', () => {
    expect(production.of('budgets/budget')).toHaveLength(1);
    expect(dev.of('budgets/budget')).toHaveLength(1);
    expect(pullRequest.of('budgets/budget')).toHaveLength(0);
  });

  test('a new generation creates new passwords for the database', () => {
    const generation = (plan: typeof production) =>
      new Set(
        plan
          .of('random:index/randomPassword:RandomPassword')
          .filter(({ name }) => name.startsWith('Database'))
          .map(({ inputs }) => JSON.stringify(inputs['keepers'])),
      );
    expect(generation(production)).toEqual(new Set(['{"generation":"1"}']));
    expect(generation(otherwise)).toEqual(new Set(['{"generation":"2"}']));
  });

  test('is refused while a secret has no value', async () => {
    const missing = evaluatePlan('dev', { SST_SECRET_AdminApiKey: undefined });
    await expect(missing).rejects.toThrow('Set a value for AdminApiKey');
  });
});

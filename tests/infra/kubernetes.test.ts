import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import {
  type FunctionManifest,
  loginSetting,
  type Need,
  originSetting,
} from '@terse/platform/function-manifest';
import { readConfig } from '@terse/runtime/settings/config';
import { START_GRACE_MS } from '@terse/runtime/telemetry/readiness';
import { describe, expect, test } from 'vitest';
import { kustomize, type Manifest, podOf } from './kustomize.ts';
import { type FunctionName, MANIFESTS, PRODUCT_FUNCTIONS } from '../../functions/manifests.ts';

/** The module with the schema of each kind that is used. */
const SCHEMAS: Record<string, string> = {
  'v1 Namespace': 'kubernetes-models/v1/Namespace',
  'v1 Service': 'kubernetes-models/v1/Service',
  'apps/v1 Deployment': 'kubernetes-models/apps/v1/Deployment',
  'batch/v1 Job': 'kubernetes-models/batch/v1/Job',
  'batch/v1 CronJob': 'kubernetes-models/batch/v1/CronJob',
  'autoscaling/v2 HorizontalPodAutoscaler': 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler',
  'policy/v1 PodDisruptionBudget': 'kubernetes-models/policy/v1/PodDisruptionBudget',
  'gateway.networking.k8s.io/v1 Gateway':
    '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/Gateway',
  'gateway.networking.k8s.io/v1 HTTPRoute':
    '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute',
  'networking.k8s.io/v1 NetworkPolicy': 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy',
  'keda.sh/v1alpha1 ScaledObject': '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject',
  'keda.sh/v1alpha1 TriggerAuthentication': '@kubernetes-models/keda/keda.sh/v1alpha1/TriggerAuthentication',
};

/** The fields of the secrets of a cluster: `kubectl create secret generic <function> --from-literal=…`. */
const SECRETS: Record<string, string> = {
  DATABASE_URL: 'postgres://a_login:pw@db.example/terse?sslmode=verify-full',
  REDIS_URL: 'rediss://default:pw@redis.example:6379',
  RABBITMQ_URL: 'amqps://terse:pw@broker.example',
  ADMIN_API_KEY: 'an-admin-key-0123456789',
};

/** The settings that lead to a backing service, in a secret of the function's name. */
const LEADING_TO: Record<Need, string> = {
  database: 'DATABASE_URL',
  store: 'REDIS_URL',
  queue: 'RABBITMQ_URL',
};

const DEPLOYED: readonly FunctionManifest[] = [...PRODUCT_FUNCTIONS, 'migrate' as const].map(
  (name) => MANIFESTS[name],
);
const { port: PORT, internal: INTERNAL_PORT } = MANIFESTS.standalone.ports;

/** The fields of the secret of a function. */
function secretsOf({ needs, makesLoginsOf = [] }: FunctionManifest): string[] {
  return [...needs.map((need) => LEADING_TO[need]), ...makesLoginsOf.map(loginSetting)];
}

function namesOf(manifests: readonly FunctionManifest[]): string[] {
  return manifests.map(({ name }) => name).toSorted();
}

const nameOf = (manifest: Manifest | undefined) => `${manifest?.kind} ${manifest?.metadata.name}`;

interface Rule {
  readonly ports?: readonly { readonly port: number }[];
}

interface Probe {
  readonly periodSeconds: number;
  readonly failureThreshold: number;
}

interface Route {
  readonly parentRefs: readonly unknown[];
  readonly rules: readonly {
    readonly filters: readonly unknown[];
    readonly backendRefs?: readonly unknown[];
  }[];
}

interface PodSelector {
  readonly matchLabels: Readonly<Record<string, string>>;
}

interface Scheduled {
  readonly schedule: string;
  readonly jobTemplate: { readonly spec: { readonly activeDeadlineSeconds: number } };
}

interface Model {
  /** @throws Error when the schema does not allow a value. */
  validate(): void;
}

/**
 * Writes the manifests as literals of their kinds: the models check values, and TypeScript checks the names of fields,
 * which the models do not. The file is where the models can be imported.
 */
function writeModels(overlay: string, manifests: readonly Manifest[]): string {
  const file = `infra/.platform/manifests-${overlay}.ts`;
  const kinds = [...new Set(manifests.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`))];
  const imports = kinds.map((kind) => `import { ${kind.split(' ')[1]} } from '${SCHEMAS[kind]}';`);
  // Each model knows its own kind and version.
  const models = manifests.map((manifest) => {
    const fields = { ...manifest, apiVersion: undefined, kind: undefined };
    return `  new ${manifest.kind}(${JSON.stringify(fields)}),`;
  });
  writeFileSync(file, [...imports, 'export const models = [', ...models, '];\n'].join('\n'));
  return file;
}

function typeErrors(file: string): string {
  const options =
    '--ignoreConfig --noEmit --strict --skipLibCheck --target es2022 --module esnext --moduleResolution bundler';
  return spawnSync('node_modules/.bin/tsc', [...options.split(' '), file], { encoding: 'utf8' }).stdout;
}

describe.each(['development', 'production'])('%s', (overlay) => {
  const manifests = kustomize(`infra/kubernetes/${overlay}`);
  const of = (kind: string) => manifests.filter((manifest) => manifest.kind === kind);
  const pods = manifests.flatMap((manifest) => {
    const pod = podOf(manifest);
    return pod ? [{ manifest, pod }] : [];
  });
  const spec = (manifest: Manifest) => manifest['spec'] as Record<string, unknown>;

  const file = writeModels(overlay, manifests);

  test('has only values that the schemas allow', async () => {
    const { models } = (await import(/* @vite-ignore */ `${process.cwd()}/${file}`)) as { models: Model[] };
    expect(models).toHaveLength(manifests.length);
    for (const [index, model] of models.entries()) {
      expect(() => model.validate(), nameOf(manifests[index])).not.toThrow();
    }
  });

  test('has only fields that the kinds know', () => {
    expect(typeErrors(file)).toBe('');
  });

  test('gives each function settings that it accepts', () => {
    const deployed = of('Deployment').map(({ metadata }) => metadata.name);
    expect(deployed.toSorted()).toEqual(PRODUCT_FUNCTIONS);
    for (const { manifest, pod } of pods.filter(({ manifest }) => manifest.kind !== 'CronJob')) {
      const [container] = pod.spec.containers;
      const environment = Object.fromEntries(
        (container?.env ?? []).map(({ name, value }) => {
          if (!name.endsWith('_FILE')) return [name, value] as const;
          const setting = name.slice(0, -'_FILE'.length);
          expect(value).toBe(`/secrets/${setting}`);
          return [setting, SECRETS[setting.replace(/^.*_DATABASE_URL$/, 'DATABASE_URL')]] as const;
        }),
      );
      const about = MANIFESTS[manifest.metadata.name as FunctionName];
      expect(readConfig(about, environment).isProduction).toBe(true);
      const secrets = Object.keys(environment).filter(
        (name) => SECRETS[name] ?? name.endsWith('_DATABASE_URL'),
      );
      expect(secrets.filter((name) => name !== 'ADMIN_API_KEY').toSorted(), about.name).toEqual(
        secretsOf(about).toSorted(),
      );
      const mounted = pod.spec.volumes?.flatMap(({ secret }) => secret?.secretName ?? []) ?? [];
      expect(mounted).toEqual(manifest.metadata.name === 'gateway' ? [] : [manifest.metadata.name]);
    }
  });

  test.each(pods.map((each) => [nameOf(each.manifest), each.pod] as const))(
    '%s runs unprivileged, with a read-only file system',
    (_, { spec }) => {
      expect(spec.automountServiceAccountToken).toBe(false);
      expect(spec.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      for (const { securityContext, resources } of spec.containers) {
        expect(securityContext).toEqual({
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
        });
        expect(resources).toMatchObject({
          requests: { cpu: expect.any(String) },
          limits: { memory: expect.any(String) },
        });
      }
    },
  );

  test('selects only existing pods', () => {
    const apps = new Set(pods.map(({ pod }) => pod.metadata.labels['app']));
    for (const service of of('Service')) {
      expect(apps).toContain((spec(service)['selector'] as Record<string, string>)['app']);
    }
    const budgets = of('PodDisruptionBudget').map(({ metadata }) => metadata.name);
    expect(budgets.toSorted()).toEqual(PRODUCT_FUNCTIONS);
    for (const policy of of('NetworkPolicy')) {
      const named = [...JSON.stringify(policy).matchAll(/"(?:app":|values":\[)("[^\]}]+")/g)].flatMap(
        ([, names = '']) => names.split(',').map((name) => name.replaceAll('"', '')),
      );
      for (const name of named) expect(apps).toContain(name);
    }
  });

  test('scales each function by one rule', () => {
    const scaled = (kind: string) =>
      of(kind).map((manifest) => (spec(manifest)['scaleTargetRef'] as { name: string }).name);
    const { gateway } = MANIFESTS;
    expect(scaled('HorizontalPodAutoscaler').toSorted()).toEqual(namesOf([gateway, ...gateway.forwardsTo]));
    expect(scaled('ScaledObject')).toEqual(['visit-writer']);
    for (const deployment of of('Deployment')) {
      const isScaled = deployment.metadata.name !== 'counter-flush';
      expect(spec(deployment)['replicas'] === undefined, 'its scaler sets the number of pods').toBe(isScaled);
    }
    const [scaler] = of('ScaledObject').map((manifest) => spec(manifest)['triggers']);
    expect(scaler).toMatchObject([{ type: 'rabbitmq', metadata: { queueName: 'visits' } }]);
  });

  /** Returns the functions that a policy selects. */
  function selectedBy(policyName: string): readonly string[] {
    const policy = of('NetworkPolicy').find(({ metadata }) => metadata.name === policyName);
    if (!policy) return [];
    const { matchLabels } = spec(policy)['podSelector'] as PodSelector;
    return pods
      .filter(({ pod }) =>
        Object.entries(matchLabels).every(([label, value]) => pod.metadata.labels[label] === value),
      )
      .map(({ pod }) => pod.metadata.labels['app'] ?? '')
      .toSorted();
  }

  test('lets each function reach the backing services that it needs, and no others', () => {
    const needing = (need: Need) => namesOf(DEPLOYED.filter(({ needs }) => needs.includes(need)));
    expect(selectedBy('to-database')).toEqual(needing('database'));
    expect(selectedBy('to-redis')).toEqual(needing('store'));
    expect(selectedBy('to-broker')).toEqual(needing('queue'));
    expect(selectedBy('metrics')).toEqual(PRODUCT_FUNCTIONS);
  });

  test('lets the gateway reach the functions that it forwards to, at the port for callers', () => {
    const { name, forwardsTo } = MANIFESTS.gateway;
    expect(selectedBy('from-gateway')).toEqual(namesOf(forwardsTo));
    const policy = of('NetworkPolicy').find(({ metadata }) => metadata.name === `to-${name}`);
    expect(policy && spec(policy)['egress']).toEqual([
      {
        to: [{ podSelector: { matchLabels: { 'called-by': name } } }],
        ports: [{ port: PORT }],
      },
    ]);
    const [container] =
      pods.find(({ manifest }) => manifest.metadata.name === name)?.pod.spec.containers ?? [];
    for (const to of forwardsTo) {
      expect(container?.env).toContainEqual({ name: originSetting(to), value: `http://${to.name}` });
    }
  });

  test('posts the scheduled events of each function', () => {
    const scheduled = Object.values<FunctionManifest>(MANIFESTS).flatMap(
      ({ name, schedules = {}, invocationTimeoutMs = 0 }) =>
        Object.values(schedules).map(({ every, event }) => ({
          name: `${name}-every-${every}`,
          schedule: { minute: '* * * * *', hour: '0 * * * *' }[every],
          address: `http://${name}/.events`,
          body: JSON.stringify(event),
          withinSeconds: invocationTimeoutMs / 1000,
        })),
    );
    const jobs = of('CronJob').map((manifest) => {
      const { schedule, jobTemplate } = spec(manifest) as unknown as Scheduled;
      const script = podOf(manifest)?.spec.containers[0]?.command?.at(-1) ?? '';
      return {
        name: manifest.metadata.name,
        schedule,
        address: /fetch\('([^']*)'/.exec(script)?.[1],
        body: /body: '([^']*)'/.exec(script)?.[1],
        withinSeconds: jobTemplate.spec.activeDeadlineSeconds,
      };
    });
    expect(jobs).toEqual(scheduled);
  });

  test('denies all traffic that no policy allows', () => {
    const denied = of('NetworkPolicy').find(({ metadata }) => metadata.name === 'deny-all');
    expect(denied && spec(denied)).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
  });

  test('probes pods at a port that no service reaches', () => {
    for (const { pod } of pods.filter(({ manifest }) => manifest.kind === 'Deployment')) {
      const [container] = pod.spec.containers;
      expect(container).toMatchObject({
        ports: [
          { name: 'http', containerPort: PORT },
          { name: 'internal', containerPort: INTERNAL_PORT },
        ],
        startupProbe: { httpGet: { port: 'internal', path: '/.started' } },
        livenessProbe: { httpGet: { port: 'internal', path: '/.live' } },
        readinessProbe: { httpGet: { port: 'internal', path: '/.ready' } },
      });
    }
    const targets = of('Service').flatMap((service) => spec(service)['ports'] as { targetPort: string }[]);
    expect(targets.map(({ targetPort }) => targetPort)).not.toContain('internal');
  });

  test('lets only a Prometheus in its namespace connect to that port', () => {
    const open = of('NetworkPolicy').flatMap((policy) =>
      ((spec(policy)['ingress'] ?? []) as Rule[])
        .filter(({ ports }) => !ports || ports.some(({ port }) => port !== PORT))
        .map((rule) => [policy.metadata.name, rule] as const),
    );
    expect(open).toEqual([
      [
        'metrics',
        {
          from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
          ports: [{ port: INTERNAL_PORT }],
        },
      ],
    ]);
  });

  test('waits for the backing services of a pod for longer than its grace period', () => {
    const containers = pods
      .filter(({ manifest }) => manifest.kind === 'Deployment')
      .flatMap(({ pod }) => pod.spec.containers);
    for (const { startupProbe } of containers) {
      const { periodSeconds, failureThreshold } = startupProbe as Probe;
      expect(periodSeconds * failureThreshold).toBeGreaterThan(START_GRACE_MS / 1000);
    }
  });

  test('exposes only the gateway, and over HTTPS', () => {
    const routes = of('HTTPRoute').map(spec) as unknown as Route[];
    expect(routes.flatMap(({ rules }) => rules.flatMap(({ backendRefs = [] }) => backendRefs))).toEqual([
      { name: 'gateway', port: 80 },
    ]);
    expect(routes.map(({ parentRefs, rules }) => [parentRefs, rules[0]?.filters[0]])).toMatchObject([
      [
        [{ sectionName: 'https' }],
        {
          responseHeaderModifier: {
            set: [{ name: 'Strict-Transport-Security', value: 'max-age=31536000' }],
          },
        },
      ],
      [[{ sectionName: 'http' }], { requestRedirect: { scheme: 'https' } }],
    ]);
    const kinds = new Set(manifests.map(({ kind }) => kind));
    expect(kinds.has('Ingress'), 'its usual controller is no longer maintained').toBe(false);
    const services = of('Service').map((service) => spec(service)['type'] ?? 'ClusterIP');
    expect(new Set(services)).toEqual(new Set(['ClusterIP']));
  });
});

test('production runs images by the commit', () => {
  const images = kustomize('infra/kubernetes/production').flatMap(
    (manifest) => podOf(manifest)?.spec.containers.map(({ image }) => image) ?? [],
  );
  for (const image of images) {
    expect(image).toMatch(/^registry\.example\.com\/terse\/[a-z-]+:[0-9a-f]{12}-runtime$/);
  }
});

test('the page about deploying names the image and the secrets of each function', () => {
  const page = readFileSync('docs/deploy.md', 'utf8');
  const [, images = ''] = /^for f in (.*); do$/m.exec(page) ?? [];
  expect(images.split(' ').toSorted()).toEqual(namesOf(DEPLOYED));
  for (const manifest of DEPLOYED.filter(({ needs }) => needs.length > 0)) {
    const [line = ''] = new RegExp(`^kubectl .* secret generic ${manifest.name} .*$`, 'm').exec(page) ?? [];
    // The line of the migrations shows the first of its logins.
    const named = manifest.makesLoginsOf ? ['DATABASE_URL'] : secretsOf(manifest);
    for (const setting of named) expect(line, manifest.name).toContain(`--from-literal=${setting}=`);
  }
});

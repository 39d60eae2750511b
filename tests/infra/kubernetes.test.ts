import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { readConfig } from '@terse/runtime/settings/config';
import { START_GRACE_MS } from '@terse/runtime/telemetry/readiness';
import { describe, expect, test } from 'vitest';
import { kustomize, type Manifest, podOf } from './kustomize.ts';
import { PRODUCT_FUNCTIONS } from './product-functions.ts';
import { type FunctionName, MANIFESTS } from '../../functions/manifests.ts';

/** Where the schema of each kind lies: what is not listed here is not used. */
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

/** What the secrets of a cluster hold: `kubectl create secret generic <function> --from-literal=…`. */
const SECRETS: Record<string, string> = {
  DATABASE_URL: 'postgres://a_login:pw@db.example/terse?sslmode=verify-full',
  REDIS_URL: 'rediss://default:pw@redis.example:6379',
  RABBITMQ_URL: 'amqps://terse:pw@broker.example',
  ADMIN_API_KEY: 'an-admin-key-0123456789',
};

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

interface Model {
  /** @throws Error when a value is none that its schema allows. */
  validate(): void;
}

/**
 * The manifests as literals of their kinds: the models check values, and TypeScript the names of fields, which the
 * models leave open. Written where the models can be found.
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

  test('has no value that its schema does not allow', async () => {
    const { models } = (await import(/* @vite-ignore */ `${process.cwd()}/${file}`)) as { models: Model[] };
    expect(models).toHaveLength(manifests.length);
    for (const [index, model] of models.entries()) {
      expect(() => model.validate(), nameOf(manifests[index])).not.toThrow();
    }
  });

  test('has no field that its kind does not know', () => {
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
      expect(readConfig(MANIFESTS[manifest.metadata.name as FunctionName], environment).isProduction).toBe(
        true,
      );
      const mounted = pod.spec.volumes?.flatMap(({ secret }) => secret?.secretName ?? []) ?? [];
      expect(mounted).toEqual(manifest.metadata.name === 'gateway' ? [] : [manifest.metadata.name]);
    }
  });

  test.each(pods.map((each) => [nameOf(each.manifest), each.pod] as const))(
    '%s runs as nobody in particular, and cannot change itself',
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

  test('selects only what is there', () => {
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

  test('scales each function by one thing', () => {
    const scaled = (kind: string) =>
      of(kind).map((manifest) => (spec(manifest)['scaleTargetRef'] as { name: string }).name);
    expect(scaled('HorizontalPodAutoscaler').toSorted()).toEqual(['gateway', 'links', 'redirect', 'stats']);
    expect(scaled('ScaledObject')).toEqual(['visit-writer']);
    for (const deployment of of('Deployment')) {
      const isScaled = deployment.metadata.name !== 'counter-flush';
      expect(spec(deployment)['replicas'] === undefined, 'what scales it decides how many run').toBe(
        isScaled,
      );
    }
    const [scaler] = of('ScaledObject').map((manifest) => spec(manifest)['triggers']);
    expect(scaler).toMatchObject([{ type: 'rabbitmq', metadata: { queueName: 'visits' } }]);
  });

  test('lets nothing talk to anything unless it is written down', () => {
    const denied = of('NetworkPolicy').find(({ metadata }) => metadata.name === 'deny-all');
    expect(denied && spec(denied)).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
  });

  test('lets the platform ask at a port that no service leads to', () => {
    for (const { pod } of pods.filter(({ manifest }) => manifest.kind === 'Deployment')) {
      const [container] = pod.spec.containers;
      expect(container).toMatchObject({
        ports: expect.arrayContaining([{ name: 'internal', containerPort: 9464 }]),
        startupProbe: { httpGet: { port: 'internal', path: '/.started' } },
        livenessProbe: { httpGet: { port: 'internal', path: '/.live' } },
        readinessProbe: { httpGet: { port: 'internal', path: '/.ready' } },
      });
    }
    const targets = of('Service').flatMap((service) => spec(service)['ports'] as { targetPort: string }[]);
    expect(targets.map(({ targetPort }) => targetPort)).not.toContain('internal');
  });

  test('lets nobody but a Prometheus in its namespace open connections to that port', () => {
    const open = of('NetworkPolicy').flatMap((policy) =>
      ((spec(policy)['ingress'] ?? []) as Rule[])
        .filter(({ ports }) => !ports || ports.some(({ port }) => port !== 8080))
        .map((rule) => [policy.metadata.name, rule] as const),
    );
    expect(open).toEqual([
      [
        'metrics',
        {
          from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
          ports: [{ port: 9464 }],
        },
      ],
    ]);
  });

  test('waits for the backing services of a pod for longer than it may do without one of them', () => {
    const containers = pods
      .filter(({ manifest }) => manifest.kind === 'Deployment')
      .flatMap(({ pod }) => pod.spec.containers);
    for (const { startupProbe } of containers) {
      const { periodSeconds, failureThreshold } = startupProbe as Probe;
      expect(periodSeconds * failureThreshold).toBeGreaterThan(START_GRACE_MS / 1000);
    }
  });

  test('shows callers the gateway only, and over HTTPS', () => {
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

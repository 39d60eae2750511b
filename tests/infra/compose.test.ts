import { readFileSync } from 'node:fs';
import { loginSetting, type Need, originSetting } from '@terse/platform/function-manifest';
import { readConfig } from '@terse/runtime/settings/config';
import { describe, expect, inject, test } from 'vitest';
import { parse } from 'yaml';
import { putSchedules } from '../../functions/local-aws/schedules.ts';
import { type FunctionName, MANIFESTS, PRODUCT_FUNCTIONS } from '../../functions/manifests.ts';
import { readPlan } from './plans.ts';

interface Service {
  readonly build?: { readonly target: string; readonly args: { readonly FUNCTION: string } };
  readonly mem_limit?: string;
  readonly mem_reservation?: string;
  readonly environment: Readonly<Record<string, string | number>>;
  readonly secrets?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
}

const { services } = parse(readFileSync('compose.local.yml', 'utf8'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
};
const production = readPlan(inject('plans').production);
const PLANS = Object.values(inject('plans')).map((plan) => readPlan(plan));

/** The services that run a function, from its image or its image for AWS Lambda. */
const RUNNING = Object.entries(services).flatMap(([service, { build, ...rest }]) => {
  const name = build?.args.FUNCTION ?? '';
  return isFunction(name) ? [{ service, target: build?.target, manifest: MANIFESTS[name], ...rest }] : [];
});
const IN_CONTAINERS = RUNNING.filter(({ target }) => target === 'runtime');

function isFunction(name: string): name is FunctionName {
  return Object.hasOwn(MANIFESTS, name);
}

function megabytes(size = ''): number {
  const [, count = '', unit = ''] = /^(\d+)([mg])$/.exec(size) ?? [];
  return Number(count) * (unit === 'g' ? 1024 : 1);
}

/** The memory of a function in production, on Fargate or Lambda. */
function plannedMegabytes(name: string): number | undefined {
  const onFargate = production
    .of('ecs/taskDefinition')
    .find(({ inputs }) => String(inputs['containerDefinitions']).includes(`"name":"${name}"`));
  const onLambda = production
    .of('lambda/function')
    .find(({ inputs }) => String(inputs['name']).endsWith(`-${name}`));
  const size = onFargate?.inputs['memory'] ?? onLambda?.inputs['memorySize'];
  return size === undefined ? undefined : Number(size);
}

/** The settings of a process: with paths of secrets in this checkout, and variables replaced by their defaults. */
function settingsOf({ environment }: Pick<Service, 'environment'>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => {
      const text = String(value).replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
      if (!name.endsWith('_FILE') || text === '') return [name, text];
      return [name, text.replace('/run/secrets/', `${process.cwd()}/infra/local/secrets/`)];
    }),
  );
}

/** The URL in a file of `infra/local/secrets`. */
function secretUrl(name: string): URL {
  return new URL(readFileSync(`infra/local/secrets/${name}`, 'utf8').trim());
}

describe('compose.local.yml', () => {
  test('runs every function', () => {
    const run = IN_CONTAINERS.map(({ manifest }) => manifest.name);
    expect([...new Set(run)].toSorted()).toEqual([...PRODUCT_FUNCTIONS, 'migrate'].toSorted());
    for (const name of run) expect(services[name]?.build?.args.FUNCTION).toBe(name);
  });

  test('gives each function settings that it accepts, and the secrets that they name', () => {
    for (const { service, manifest, environment, secrets = [] } of IN_CONTAINERS) {
      const settings = settingsOf({ environment });
      expect(() => readConfig(manifest, settings), service).not.toThrow();
      const files = Object.entries(settings).flatMap(([name, path]) =>
        name.endsWith('_FILE') && path ? [path.replace(/.*\//, '')] : [],
      );
      expect([service, secrets.toSorted()]).toEqual([service, files.toSorted()]);
    }
  });

  test('connects each function to the backing services that it needs and to no others, and waits for them', () => {
    const leadingTo: Record<Need, RegExp> = {
      database: /^DATABASE_URL_(?:FILE|SECRET)$/,
      store: /^(?:REDIS_URL_FILE|UPSTASH_REDIS_REST_URL)$/,
      queue: /^RABBITMQ_URL_(?:FILE|SECRET)$/,
    };
    const running: Record<Need, RegExp> = {
      database: /^(?:migrate|postgres)$/,
      store: /^redis(?:-rest)?$/,
      queue: /^rabbitmq$/,
    };
    for (const { service, manifest, environment, depends_on: awaited = {} } of RUNNING) {
      const needs: readonly Need[] = manifest.needs;
      for (const need of ['database', 'store', 'queue'] as const) {
        const settings = Object.entries(environment).filter(
          ([name, value]) => leadingTo[need].test(name) && value !== '',
        );
        expect([service, need, settings.length]).toEqual([service, need, needs.includes(need) ? 1 : 0]);
        const waits = Object.keys(awaited).some((name) => running[need].test(name));
        expect([service, need, waits || !needs.includes(need)]).toEqual([service, need, true]);
      }
    }
  });

  test('lets the migrations create the login of each function, which the function then uses', () => {
    const { environment } = services['migrate'] ?? { environment: {} };
    const { makesLoginsOf } = MANIFESTS.migrate;
    for (const of of makesLoginsOf) {
      const secret = environment[`${loginSetting(of)}_FILE`];
      expect(secret).toBe(`/run/secrets/${of.name.replaceAll('-', '_')}_database_url`);
      expect(services[of.name]?.environment['DATABASE_URL_FILE']).toBe(secret);
    }
    expect(readConfig(MANIFESTS.migrate, settingsOf({ environment })).logins).toHaveLength(
      makesLoginsOf.length,
    );
    const owner = secretUrl('owner_database_url');
    expect(services['postgres']?.environment).toMatchObject({
      POSTGRES_USER: owner.username,
      POSTGRES_DB: owner.pathname.slice(1),
    });
    expect(readFileSync('infra/local/secrets/postgres_password', 'utf8').trim()).toBe(owner.password);
  });

  test('lets the gateway find each function at its own port', () => {
    const gateways = RUNNING.filter(({ manifest }) => manifest.name === 'gateway');
    expect(gateways.length).toBeGreaterThan(1);
    for (const { service, environment, ports = [] } of gateways) {
      for (const to of MANIFESTS.gateway.forwardsTo) {
        const { hostname, port } = new URL(String(environment[originSetting(to)]));
        const target = services[hostname];
        expect([service, hostname, target?.build?.args.FUNCTION]).toEqual([service, hostname, to.name]);
        expect([service, port]).toEqual([service, `${to.ports.port}`]);
        expect(target?.environment['PORT'], hostname).toBe(to.ports.port);
      }
      expect(ports).toEqual([expect.stringMatching(new RegExp(`:${MANIFESTS.gateway.ports.port}$`))]);
    }
  });

  test('gives each function the memory that it has in production', () => {
    const compared = RUNNING.flatMap(({ manifest: { name }, mem_limit: local }) => {
      const planned = plannedMegabytes(name);
      return planned === undefined ? [] : [[name, megabytes(local), planned] as const];
    });
    const onAws = PRODUCT_FUNCTIONS.filter((name) => name !== 'gateway');
    expect([...new Set(compared.map(([name]) => name))].toSorted()).toEqual([...onAws, 'migrate'].toSorted());
    for (const [name, local, planned] of compared) expect([name, local]).toEqual([name, planned]);
  });

  test('limits the memory of every container, and reserves some for the servers', () => {
    for (const [name, { mem_limit, mem_reservation, build }] of Object.entries(services)) {
      expect([name, megabytes(mem_limit) > 0]).toEqual([name, true]);
      const isServer = !build && name !== 'redis-rest';
      expect([name, megabytes(mem_reservation) > 0]).toEqual([name, isServer]);
    }
  });

  test('runs the functions of Lambda on the stand-in for AWS, and keeps secrets out of their settings', () => {
    const lambdas = Object.entries(services).filter(([, { build }]) => build?.target === 'lambda');
    const onLambda = readPlan(inject('plans').dev)
      .of('lambda/function')
      .map(({ inputs }) => String(inputs['name']).replace('terse-dev-', ''));
    expect(lambdas.map(([name]) => name).toSorted()).toEqual(
      onLambda.map((name) => `${name}-localstack`).toSorted(),
    );
    for (const [name, { environment, secrets }] of lambdas) {
      expect(secrets).toEqual([]);
      expect(environment['AWS_ENDPOINT_URL']).toBe('http://localstack:4566');
      for (const [setting, value] of Object.entries(environment)) {
        if (!setting.endsWith('_SECRET')) continue;
        const [, secret = ''] = /:secret:(\w+):value::$/.exec(String(value)) ?? [];
        expect([name, services['local-aws-setup']?.secrets]).toEqual([
          name,
          expect.arrayContaining([secret]),
        ]);
      }
    }
  });

  test('creates the schedules of a deployment', async () => {
    const put: unknown[] = [];
    await putSchedules((request) => Promise.resolve(put.push(request)), 'eu-central-1');
    for (const plan of PLANS) {
      const planned = plan.of('scheduler/schedule').map(({ name, inputs }) => {
        const { input } = inputs['target'] as { readonly input: string };
        const Arn = expect.stringMatching(/:function:counter-flush$/) as unknown;
        return {
          path: `/schedules/${name}`,
          body: { ScheduleExpression: inputs['scheduleExpression'], Target: { Arn, Input: input } },
        };
      });
      expect(planned).toHaveLength(put.length);
      expect(put).toMatchObject(planned);
    }
  });
});

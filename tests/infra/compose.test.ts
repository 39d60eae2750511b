import { readFileSync } from 'node:fs';
import { putSchedules } from '../../functions/local-aws/schedules.ts';
import { describe, expect, inject, test } from 'vitest';
import { parse } from 'yaml';
import { readPlan } from './plans.ts';

interface Service {
  readonly build?: { readonly target: string; readonly args: { readonly FUNCTION: string } };
  readonly mem_limit?: string;
  readonly mem_reservation?: string;
  readonly environment: Readonly<Record<string, string | number>>;
  readonly secrets?: readonly string[];
}

const { services } = parse(readFileSync('compose.local.yml', 'utf8'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
};
const production = readPlan(inject('plans').production);
const PLANS = Object.values(inject('plans')).map((plan) => readPlan(plan));

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

describe('compose.local.yml', () => {
  test('gives each function the memory that it has in production', () => {
    const compared = Object.values(services).flatMap(({ build, mem_limit }) => {
      const planned = build && plannedMegabytes(build.args.FUNCTION);
      return planned === undefined ? [] : [[build?.args.FUNCTION, megabytes(mem_limit), planned]];
    });
    expect(new Set(compared.map(([name]) => name)).size).toBe(6);
    for (const [name, local, planned] of compared) expect([name, local]).toEqual([name, planned]);
  });

  test('bounds the memory of every container, and keeps some for the servers', () => {
    for (const [name, { mem_limit, mem_reservation, build }] of Object.entries(services)) {
      expect([name, megabytes(mem_limit) > 0]).toEqual([name, true]);
      const isServer = !build && name !== 'redis-rest';
      expect([name, megabytes(mem_reservation) > 0]).toEqual([name, isServer]);
    }
  });

  test('runs on what stands in for AWS what runs on Lambda, and keeps secrets out of its settings', () => {
    const lambdas = Object.entries(services).filter(([, { build }]) => build?.target === 'lambda');
    expect(lambdas.map(([name]) => name)).toEqual([
      'links-localstack',
      'stats-localstack',
      'counter-flush-localstack',
    ]);
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

  test('keeps the schedules of a deployment', async () => {
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

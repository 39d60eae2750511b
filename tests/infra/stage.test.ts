import { expect, test } from 'vitest';
import { readStage } from '../../infra/stage.ts';

const SETTINGS = { DOMAIN: 'example.com', ALERT_EMAIL: 'ops@example.com' };
const read = (name: string, settings: Readonly<Record<string, string>> = {}) =>
  readStage(name, { ...SETTINGS, ...settings }, 'abcdef012345');

test('production has the domain itself, every other stage its own subdomain', () => {
  expect(read('production').domain).toBe('example.com');
  expect(read('dev').domain).toBe('dev.example.com');
  expect(read('pr-12')).toMatchObject({ domain: 'pr-12.example.com', zone: 'example.com' });
});

test('settings of the operator override those of the stage', () => {
  expect(read('production')).toMatchObject({ api: 'service', queue: { kind: 'amazon-mq' }, budgetUsd: 1500 });
  expect(
    read('production', {
      API: 'lambda',
      QUEUE: 'cloudamqp:rabbit-1',
      BUDGET_USD: '900',
      PASSWORD_GENERATION: '2',
    }),
  ).toMatchObject({
    api: 'lambda',
    queue: { kind: 'cloudamqp', plan: 'rabbit-1' },
    budgetUsd: 900,
    passwordGeneration: '2',
  });
});

test.each([
  ['staging', {}, 'There is no stage "staging"'],
  ['pr-', {}, 'There is no stage "pr-"'],
  ['dev', { DOMAIN: '' }, 'DOMAIN must be set'],
  ['dev', { ALERT_EMAIL: '' }, 'ALERT_EMAIL must be set'],
  ['dev', { API: 'vm' }, 'API must be lambda or service'],
  ['dev', { QUEUE: 'sqs' }, 'QUEUE must be cloudamqp:<plan>'],
  ['dev', { BUDGET_USD: 'much' }, 'BUDGET_USD must be a number'],
])('refuses stage %s with %j', (name, settings, reason) => {
  expect(() => read(name, settings)).toThrow(reason);
});

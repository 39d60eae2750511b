import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { faultsOfSecrets } from './public-secrets.ts';

const LOCAL = new URL('../../../infra/local/secrets/', import.meta.url);
/** The Redis of `infra/local` has no password. */
const files = readdirSync(LOCAL).filter((name) => name !== 'redis_url');

test.each(files)('infra/local/secrets/%s is known to be public', (name) => {
  const setting = name.toUpperCase();
  const value = readFileSync(new URL(name, LOCAL), 'utf8').trimEnd();
  const [fault, ...others] = faultsOfSecrets({ [setting]: value });
  expect(fault).toMatch(new RegExp(`^${setting} (?:is|has) the public`));
  expect(fault).not.toContain('local-');
  expect(others).toEqual([]);
});

test.each([
  'amqps://guest:guest@broker.example',
  'postgres://postgres:postgres@db.example/terse',
  'postgres://app:app@db.example/terse',
  'postgres://app:%61pp@db.example/terse',
  'rediss://:Password@redis.example',
])('%s has a password that is guessed', (value) => {
  expect(faultsOfSecrets({ A_URL: value })).toEqual([expect.stringMatching(/^A_URL has a password/)]);
});

test.each([
  'postgres://app:d8Yk2-long@db.example/terse',
  'rediss://redis.example',
  'amqp://guest:guest@127.0.0.1',
  'https://go.example',
  '8080',
])('%s has no public secret', (value) => {
  expect(faultsOfSecrets({ A_URL: value, NOT_SET: undefined })).toEqual([]);
});

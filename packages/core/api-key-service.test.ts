import { expect, test } from 'vitest';
import { createApiKeyService } from './api-key-service.ts';

function setUp(adminKey?: string) {
  const hashes = new Set<string>();
  const repository = {
    create: (hash: string) => {
      hashes.add(hash);
      return Promise.resolve();
    },
    exists: (hash: string) => Promise.resolve(hashes.has(hash)),
    isEmpty: () => Promise.resolve(hashes.size === 0),
  };
  return { hashes, service: createApiKeyService({ repository, adminKey }) };
}

test('makes one key, at the first start only, and stores nothing that it could be read from', async () => {
  const { hashes, service } = setUp();
  const key = await service.makeFirst();
  expect(key).toMatch(/^terse_[\w-]{43}$/);
  expect(await service.makeFirst()).toBeUndefined();
  expect([...hashes]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
  expect(await service.isValid(key ?? '')).toBe(true);
  expect(await service.isValid(`${key}x`)).toBe(false);
});

test('takes the key of the settings, and then makes none', async () => {
  const { service } = setUp('0123456789abcdef');
  expect(await service.makeFirst()).toBeUndefined();
  expect(await service.isValid('0123456789abcdef')).toBe(true);
  expect(await service.isValid('0123456789abcdeF')).toBe(false);
  expect(await service.isValid('0123456789abcdef0')).toBe(false);
  expect(await service.isValid('')).toBe(false);
});

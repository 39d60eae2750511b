import { expect, test, vi } from 'vitest';
import { createApiKeyService } from './api-key-service.ts';
import { createTestClock } from '@terse/platform/test-clock';

function setUp(adminKey?: string) {
  const hashes = new Set<string>();
  const repository = {
    create: (hash: string) => {
      hashes.add(hash);
      return Promise.resolve();
    },
    exists: vi.fn((hash: string) => Promise.resolve(hashes.has(hash))),
    hasActive: () => Promise.resolve(hashes.size > 0),
    isEmpty: () => Promise.resolve(hashes.size === 0),
  };
  const clock = createTestClock();
  return { hashes, repository, clock, service: createApiKeyService({ repository, adminKey, clock }) };
}

test('makes one key, at the first start only, and stores only its hash', async () => {
  const { hashes, service } = setUp();
  const key = await service.makeFirst();
  expect(key).toMatch(/^terse_[\w-]{43}$/);
  expect(await service.makeFirst()).toBeUndefined();
  expect([...hashes]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
  expect(await service.isValid(key ?? '')).toBe(true);
  expect(await service.isValid(`${key}x`)).toBe(false);
});

test('has a key that works once one is made, or where one is set', async () => {
  const { hashes, service } = setUp();
  expect(await service.hasActive()).toBe(false);
  await service.makeFirst();
  expect(await service.hasActive()).toBe(true);
  hashes.clear();
  expect(await service.hasActive()).toBe(false);
  expect(await setUp('0123456789abcdef').service.hasActive()).toBe(true);
});

test('takes the key of the settings, and then makes none', async () => {
  const { service } = setUp('0123456789abcdef');
  expect(await service.makeFirst()).toBeUndefined();
  expect(await service.isValid('0123456789abcdef')).toBe(true);
  expect(await service.isValid('0123456789abcdeF')).toBe(false);
  expect(await service.isValid('0123456789abcdef0')).toBe(false);
  expect(await service.isValid('')).toBe(false);
});

const invented = (index: number) => `terse_${String(index).padStart(43, '0')}`;

test('looks a key up once in five seconds, good or bad, and never one of another form', async () => {
  const { repository, clock, service } = setUp();
  const good = (await service.makeFirst()) ?? '';
  for (let times = 0; times < 3; times++) {
    expect(await service.isValid(good)).toBe(true);
    expect(await service.isValid(invented(1))).toBe(false);
    expect(await service.isValid('0123456789abcdef')).toBe(false);
  }
  expect(repository.exists).toHaveBeenCalledTimes(2);
  clock.advance(5001);
  await Promise.all([service.isValid(good), service.isValid(good)]);
  expect(repository.exists).toHaveBeenCalledTimes(3);
});

test('a revoked key stops working within seconds, and a key made elsewhere works within seconds', async () => {
  const { hashes, clock, service } = setUp();
  const key = (await service.makeFirst()) ?? '';
  expect(await service.isValid(key)).toBe(true);
  const [hash = ''] = hashes;
  hashes.clear();
  clock.advance(5001);
  expect(await service.isValid(key)).toBe(false);
  hashes.add(hash);
  clock.advance(5001);
  expect(await service.isValid(key)).toBe(true);
});

test('a new key works at once, also when it was looked up before', async () => {
  const { service } = setUp();
  expect(await service.isValid(invented(1))).toBe(false);
  const key = (await service.makeFirst()) ?? '';
  expect(await service.isValid(key)).toBe(true);
});

test('looks up only a few invented keys at once, and a good key does not wait for them', async () => {
  const { repository, clock, service } = setUp();
  const good = (await service.makeFirst()) ?? '';
  expect(await service.isValid(good)).toBe(true);
  clock.advance(5001);
  const gate = Promise.withResolvers<boolean>();
  repository.exists.mockReset().mockReturnValue(gate.promise);
  const flood = Array.from({ length: 280 }, (_, index) => service.isValid(invented(index)));
  const refused = Promise.allSettled(flood);
  expect(repository.exists.mock.calls.length).toBeLessThanOrEqual(8);
  repository.exists.mockReturnValue(Promise.resolve(true));
  expect(await service.isValid(good)).toBe(true);
  gate.resolve(false);
  const outcomes = (await refused).map((outcome) =>
    outcome.status === 'fulfilled' ? outcome.value : (outcome.reason as { code: string }).code,
  );
  expect(new Set(outcomes)).toEqual(new Set([false, 'overloaded']));
  // The look-ups that ended make room.
  repository.exists.mockReturnValue(Promise.resolve(false));
  expect(await service.isValid(invented(1000))).toBe(false);
});

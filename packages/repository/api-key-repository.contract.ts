import { createTestClock } from '@terse/platform/test-clock';
import { expect, test } from 'vitest';
import { createApiKeyRepository } from './api-key-repository.ts';
import type { OpenDatabase } from './open-database.ts';

/** What is promised of API keys on every database. */
export function describeApiKeyRepository(database: () => OpenDatabase): void {
  function setUp() {
    const clock = createTestClock();
    return { clock, keys: createApiKeyRepository({ db: database().db, clock }) };
  }

  test('a key is active until it is revoked, and stays in the list', async () => {
    const { clock, keys } = setUp();
    expect([await keys.isEmpty(), await keys.hasActive(), await keys.list()]).toEqual([true, false, []]);
    await keys.create('hash-1', 'laptop');
    const createdAt = new Date(clock.now());
    expect([await keys.isEmpty(), await keys.exists('hash-1'), await keys.exists('hash-2')]).toEqual([
      false,
      true,
      false,
    ]);
    expect(await keys.hasActive()).toBe(true);
    clock.advance(60_000);
    const revokedAt = new Date(clock.now());
    expect(await keys.revoke('hash-1')).toEqual(revokedAt);
    expect([await keys.isEmpty(), await keys.exists('hash-1'), await keys.hasActive()]).toEqual([
      false,
      false,
      false,
    ]);
    expect(await keys.list()).toEqual([{ keyHash: 'hash-1', name: 'laptop', createdAt, revokedAt }]);
  });

  test('only an active key can be revoked', async () => {
    const { keys } = setUp();
    expect(await keys.revoke('hash-1')).toBeUndefined();
    await keys.create('hash-1', 'laptop');
    await keys.revoke('hash-1');
    expect(await keys.revoke('hash-1')).toBeUndefined();
  });

  test('all keys are listed, newest first, however many', async () => {
    const { clock, keys } = setUp();
    await Promise.all(Array.from({ length: 1500 }, (_, index) => keys.create(`hash-${index}`, 'old')));
    clock.advance(1000);
    await keys.create('newest', 'new');
    const list = await keys.list();
    expect(new Set(list.map(({ keyHash }) => keyHash)).size).toBe(1501);
    expect(list[0]?.name).toBe('new');
  });
}

import { timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '@terse/platform/clock';
import { DomainError } from '../errors.ts';
import { hashOfApiKey, isMadeHere, makeApiKey } from './api-key.ts';
import type { ApiKeyRepository } from './ports.ts';

/** Decides who may use the API. Only keys of the form that Terse makes are looked up. */
export interface ApiKeyService {
  /**
   * Looks a key up at most once in five seconds.
   * @throws DomainError `overloaded` while too many unknown keys are being looked up.
   */
  isValid(key: string): Promise<boolean>;
  /** Makes the first key, and returns it this once; `undefined` when there ever was a key, or the settings have one. */
  makeFirst(): Promise<string | undefined>;
  /** Whether any key works: the one from the settings, or a stored one that is not revoked. */
  hasActive(): Promise<boolean>;
}

export interface ApiKeyServiceOptions {
  readonly repository: Pick<ApiKeyRepository, 'create' | 'exists' | 'hasActive' | 'isEmpty'>;
  /** A key that is always valid, from the settings. */
  readonly adminKey: string | undefined;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** How long a revoked key may still work, and a key made by another process may not work yet. */
const REMEMBERED_MS = 5000;
const GOOD_KEYS_REMEMBERED = 1000;
const BAD_KEYS_REMEMBERED = 10_000;
/** How many unknown keys are looked up at once, so that invented keys do not keep the database busy. */
const UNKNOWN_KEYS_AT_ONCE = 8;

export function createApiKeyService({ repository, adminKey, clock }: ApiKeyServiceOptions): ApiKeyService {
  const adminBytes = adminKey === undefined ? undefined : Buffer.from(adminKey);
  /** By hash, until when a key is trusted. A key that was good before does not count as unknown. */
  const goodUntil = new LRUCache<string, number>({ max: GOOD_KEYS_REMEMBERED });
  const badUntil = new LRUCache<string, number>({ max: BAD_KEYS_REMEMBERED });
  const lookedUp = new Map<string, Promise<boolean>>();
  let unknownKeys = 0;

  function lookUp(hash: string): Promise<boolean> {
    const isUnknown = !goodUntil.has(hash);
    if (isUnknown && unknownKeys >= UNKNOWN_KEYS_AT_ONCE) {
      throw new DomainError('overloaded', 'Too many unknown API keys are being checked. Try again shortly.');
    }
    if (isUnknown) unknownKeys++;
    const lookup = repository
      .exists(hash)
      .then((exists) => {
        const [known, other] = exists ? [goodUntil, badUntil] : [badUntil, goodUntil];
        known.set(hash, clock.monotonic() + REMEMBERED_MS);
        other.delete(hash);
        return exists;
      })
      .finally(() => {
        lookedUp.delete(hash);
        if (isUnknown) unknownKeys--;
      });
    lookedUp.set(hash, lookup);
    return lookup;
  }

  return {
    isValid: async (key) => {
      if (adminBytes && isEqual(Buffer.from(key), adminBytes)) return true;
      if (!isMadeHere(key)) return false;
      const hash = hashOfApiKey(key);
      const now = clock.monotonic();
      if ((badUntil.get(hash) ?? 0) > now) return false;
      if ((goodUntil.get(hash) ?? 0) > now) return true;
      return lookedUp.get(hash) ?? lookUp(hash);
    },
    makeFirst: async () => {
      if (adminKey !== undefined || !(await repository.isEmpty())) return undefined;
      const key = makeApiKey();
      await repository.create(hashOfApiKey(key), 'first start');
      badUntil.delete(hashOfApiKey(key));
      return key;
    },
    hasActive: async () => adminKey !== undefined || (await repository.hasActive()),
  };
}

/** Takes the same time for all keys of one length. */
function isEqual(given: Buffer, known: Buffer): boolean {
  return given.length === known.length && timingSafeEqual(given, known);
}

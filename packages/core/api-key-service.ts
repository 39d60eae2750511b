import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ApiKeyRepository } from '@terse/repository/api-key-repository';
import { LRUCache } from 'lru-cache';
import type { Clock } from './clock.ts';
import { DomainError } from './errors.ts';

/** Decides who may use the API. Keys are stored as SHA-256: they carry 256 random bits, so no slow hash is needed. */
export interface ApiKeyService {
  /**
   * A key is looked up once in a few seconds, however often it comes.
   * @throws DomainError `overloaded` while many keys that nobody has seen before are looked up.
   */
  isValid(key: string): Promise<boolean>;
  /** Makes the first key where there is none yet and none was set; the only time that it can be read. */
  makeFirst(): Promise<string | undefined>;
}

export interface ApiKeyServiceOptions {
  readonly repository: ApiKeyRepository;
  /** A key that is always valid, from the settings. */
  readonly adminKey: string | undefined;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** What a key that was made here looks like; nothing else is looked up. */
const MADE_HERE = /^terse_[\w-]{43}$/;

/** A revoked key works, and a new one of another process may not work, for as long as this. */
const REMEMBERED_MS = 5000;
const GOOD_KEYS_REMEMBERED = 1000;
const BAD_KEYS_REMEMBERED = 10_000;
/** How many keys that were never good may be looked up at once: invented ones must not keep the database busy. */
const UNKNOWN_KEYS_AT_ONCE = 8;

export function createApiKeyService({ repository, adminKey, clock }: ApiKeyServiceOptions): ApiKeyService {
  const adminBytes = adminKey === undefined ? undefined : Buffer.from(adminKey);
  /** Until when a key need not be looked up again, by its hash. One that has been good is looked up before others. */
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
      if (!MADE_HERE.test(key)) return false;
      const hash = sha256(key);
      const now = clock.monotonic();
      if ((badUntil.get(hash) ?? 0) > now) return false;
      if ((goodUntil.get(hash) ?? 0) > now) return true;
      return lookedUp.get(hash) ?? lookUp(hash);
    },
    makeFirst: async () => {
      if (adminKey !== undefined || !(await repository.isEmpty())) return undefined;
      const key = `terse_${randomBytes(32).toString('base64url')}`;
      await repository.create(sha256(key), 'first start');
      badUntil.delete(sha256(key));
      return key;
    },
  };
}

/** In a time that tells nothing but the length. */
function isEqual(given: Buffer, known: Buffer): boolean {
  return given.length === known.length && timingSafeEqual(given, known);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ApiKeyRepository } from '@terse/repository/api-key-repository';

/** Decides who may use the API. Keys are stored as SHA-256: they carry 256 random bits, so no slow hash is needed. */
export interface ApiKeyService {
  isValid(key: string): Promise<boolean>;
  /** Makes the first key where there is none yet and none was set; the only time that it can be read. */
  makeFirst(): Promise<string | undefined>;
}

export interface ApiKeyServiceOptions {
  readonly repository: ApiKeyRepository;
  /** A key that is always valid, from the settings. */
  readonly adminKey: string | undefined;
}

export function createApiKeyService({ repository, adminKey }: ApiKeyServiceOptions): ApiKeyService {
  const adminBytes = adminKey === undefined ? undefined : Buffer.from(adminKey);
  return {
    isValid: async (key) => {
      if (adminBytes && isEqual(Buffer.from(key), adminBytes)) return true;
      return repository.exists(sha256(key));
    },
    makeFirst: async () => {
      if (adminKey !== undefined || !(await repository.isEmpty())) return undefined;
      const key = `terse_${randomBytes(32).toString('base64url')}`;
      await repository.create(sha256(key), 'first start');
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

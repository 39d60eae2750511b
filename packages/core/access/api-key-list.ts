import type { ApiKeyRepository, StoredApiKey } from './ports.ts';
import { hashOfApiKey, idOfApiKey, makeApiKey } from './api-key.ts';
import { DomainError } from '../errors.ts';

/** A stored key without its hash. */
export interface ListedApiKey {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly revokedAt: Date | null;
}

/** The stored keys, for people who run Terse. `ADMIN_API_KEY` is not one of them. */
export interface ApiKeyList {
  /** All keys, also revoked ones, newest first. */
  list(): Promise<ListedApiKey[]>;
  /**
   * Makes a key, and returns it. It cannot be read again.
   * @throws DomainError `invalid_request` when an active key has the name.
   */
  make(name: string): Promise<string>;
  /**
   * Revokes the active key of this name or id. It stops working within five seconds.
   * @throws DomainError `invalid_request` when there is no such key, or more than one.
   */
  revoke(nameOrId: string): Promise<ListedApiKey>;
}

export function createApiKeyList(
  repository: Pick<ApiKeyRepository, 'create' | 'list' | 'revoke'>,
): ApiKeyList {
  const activeKeys = async () => (await repository.list()).filter(({ revokedAt }) => revokedAt === null);

  return {
    list: async () => {
      const keys = await repository.list();
      return keys.map(shown);
    },

    make: async (name) => {
      if ((await activeKeys()).some((key) => key.name === name)) {
        throw new DomainError(
          'invalid_request',
          `An active key has the name ${name}: revoke it, or use another name.`,
        );
      }
      const key = makeApiKey();
      await repository.create(hashOfApiKey(key), name);
      return key;
    },

    revoke: async (nameOrId) => {
      const keys = await activeKeys();
      const named = keys.filter(({ keyHash, name }) => name === nameOrId || idOfApiKey(keyHash) === nameOrId);
      const [key, another] = named;
      if (!key) throw new DomainError('invalid_request', `No active key has the name or id ${nameOrId}.`);
      if (another) {
        const ids = named.map(({ keyHash }) => idOfApiKey(keyHash)).join(', ');
        throw new DomainError('invalid_request', `Several active keys match; choose one by its id: ${ids}.`);
      }
      const revokedAt = (await repository.revoke(key.keyHash)) ?? null;
      return shown({ ...key, revokedAt });
    },
  };
}

function shown({ keyHash, name, createdAt, revokedAt }: StoredApiKey): ListedApiKey {
  return { id: idOfApiKey(keyHash), name, createdAt, revokedAt };
}

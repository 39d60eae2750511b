import type { Kysely } from 'kysely';
import type { Clock } from '@terse/platform/clock';
import { createModelService } from './model-service.ts';
import type { Database } from './schema.ts';
import { createTimestampService } from './timestamps.ts';
import type { ApiKeyRepository, StoredApiKey } from '@terse/core/access/ports';

const PAGE = 1000;

export function createApiKeyRepository(options: { db: Kysely<Database>; clock: Clock }): ApiKeyRepository {
  const keys = createModelService({
    db: options.db,
    table: 'api_keys',
    key: 'key_hash',
    columns: ['key_hash', 'name', 'created_at', 'deleted_at'],
    defaults: {},
    timestamps: createTimestampService(options.clock),
  });
  return {
    create: async (keyHash, name) => {
      await keys.create({ key_hash: keyHash, name });
    },
    exists: async (keyHash) => (await keys.get(keyHash)) !== undefined,
    isEmpty: async () => (await keys.list({ visibility: 'all', limit: 1 })).length === 0,
    hasActive: async () => (await keys.list({ limit: 1 })).length > 0,
    list: async () => {
      const all: StoredApiKey[] = [];
      for (let after: string | undefined; ;) {
        const page = await keys.list({ visibility: 'all', after, limit: PAGE });
        for (const row of page) {
          all.push({
            keyHash: row.key_hash,
            name: row.name,
            createdAt: row.created_at,
            revokedAt: row.deleted_at,
          });
        }
        if (page.length < PAGE) return all;
        after = page.at(-1)?.key_hash;
      }
    },
    revoke: async (keyHash) => (await keys.remove(keyHash))?.deleted_at ?? undefined,
  };
}

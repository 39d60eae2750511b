import type { Kysely } from 'kysely';
import type { Clock } from '@terse/core/clock';
import { createModelService } from './model-service.ts';
import type { Database } from './schema.ts';
import { createTimestampService } from './timestamps.ts';

/** API keys, known by their hashes only. */
export interface ApiKeyRepository {
  create(keyHash: string, name: string): Promise<void>;
  exists(keyHash: string): Promise<boolean>;
  isEmpty(): Promise<boolean>;
}

export function createApiKeyRepository(options: { db: Kysely<Database>; clock: Clock }): ApiKeyRepository {
  const keys = createModelService({
    db: options.db,
    table: 'api_keys',
    key: 'key_hash',
    columns: ['key_hash', 'created_at'],
    defaults: {},
    timestamps: createTimestampService(options.clock),
  });
  return {
    create: async (keyHash, name) => {
      await keys.create({ key_hash: keyHash, name });
    },
    exists: async (keyHash) => (await keys.get(keyHash)) !== undefined,
    isEmpty: async () => (await keys.list({ visibility: 'all', limit: 1 })).length === 0,
  };
}

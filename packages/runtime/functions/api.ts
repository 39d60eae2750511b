import { type ApiKeyService, createApiKeyService } from '@terse/core/access/api-key-service';
import { createApiKeyRepository } from '@terse/repository/api-key-repository';
import type { OpenDatabase } from '@terse/repository/open-database';
import type { Context } from '../context.ts';

export interface ApiServices {
  readonly apiKeys: ApiKeyService;
}

export function apiOn({ config, clock }: Context, { db }: OpenDatabase): ApiServices {
  const repository = createApiKeyRepository({ db, clock });
  return { apiKeys: createApiKeyService({ repository, adminKey: config.adminApiKey, clock }) };
}

import { type ApiKeyList, createApiKeyList } from '@terse/core/access/api-key-list';
import { createApiKeyRepository } from '@terse/repository/api-key-repository';
import { isMissingTable, isNotPermitted } from '@terse/repository/sql-state';
import type { ServicesContext } from './services/open-services.ts';
import { withDatabase } from './services/with-database.ts';

/**
 * Runs `work` on the keys in the database.
 * @throws Error when the database has no table of keys, or the login may not use it.
 */
export async function withApiKeys<T>(
  context: ServicesContext,
  work: (keys: ApiKeyList) => Promise<T>,
): Promise<T> {
  return withDatabase(context, async ({ db }) => {
    try {
      return await work(createApiKeyList(createApiKeyRepository({ db, clock: context.clock })));
    } catch (error) {
      throw explain(error);
    }
  });
}

function explain(error: unknown): unknown {
  if (isMissingTable(error)) {
    return new Error(
      'The database has no tables yet. Make them with npm start, or npm run migrate on DATABASE_URL.',
    );
  }
  if (isNotPermitted(error)) {
    return new Error('The login of DATABASE_URL may not change keys: use the owner of the tables.');
  }
  return error;
}

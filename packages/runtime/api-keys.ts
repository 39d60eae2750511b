import { type ApiKeyList, createApiKeyList } from '@terse/core/api-key-list';
import { createApiKeyRepository } from '@terse/repository/api-key-repository';
import { isMissingTable, isNotPermitted } from '@terse/repository/sql-state';
import { openDatabase, type PartsContext } from './parts.ts';

/**
 * Runs `work` on the keys in the database.
 * @throws Error when the database has no table of keys, or its login no right to it.
 */
export async function withApiKeys<T>(
  context: PartsContext,
  work: (keys: ApiKeyList) => Promise<T>,
): Promise<T> {
  const { db, close } = await openDatabase(context);
  try {
    return await work(createApiKeyList(createApiKeyRepository({ db, clock: context.clock })));
  } catch (error) {
    if (isMissingTable(error))
      throw new Error('The database is empty: npm run migrate makes its tables.', { cause: error });
    if (isNotPermitted(error))
      throw new Error('The login of DATABASE_URL may not change keys: use the owner of the tables.', {
        cause: error,
      });
    throw error;
  } finally {
    await close();
  }
}

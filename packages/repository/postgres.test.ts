import { expect, test } from 'vitest';
import { migrate } from './migrate.ts';
import { describeRepositories } from './repositories.contract.ts';
import { openTestDatabase } from './test-database.ts';

const database = describeRepositories(openTestDatabase);

test('migrating again changes nothing', async () => {
  expect(await migrate(database().db)).toEqual([]);
});

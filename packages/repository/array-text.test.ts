import { sql } from 'kysely';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { arrayText } from './array-text.ts';
import type { OpenDatabase } from './open-database.ts';
import { openTestDatabase } from './test-database.ts';

let database: OpenDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

test('is read as the same texts', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom(null, '', 'NULL', 'null', '"', '\\', '\\"', '{a,b}', ' a ', '\n', ','),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(text.map((any) => any?.replaceAll('\0', '') ?? null)), async (values) => {
      const { rows } = await sql`select ${arrayText(values)}::text::text[] as values`.execute(database.db);
      expect(rows).toEqual([{ values }]);
    }),
    { numRuns: 100 },
  );
});

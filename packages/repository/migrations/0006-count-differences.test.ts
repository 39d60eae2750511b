import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OpenDatabase } from '../open-database.ts';
import { openBareDatabase } from '../test-database.ts';
import * as links from './0001-links.ts';
import * as visits from './0002-visits.ts';
import * as roles from './0003-roles.ts';
import * as orphanVisits from './0004-orphan-visits.ts';
import * as visitTallies from './0005-visit-tallies.ts';
import * as countDifferences from './0006-count-differences.ts';

let database: OpenDatabase;
beforeAll(async () => {
  database = await openBareDatabase();
});
afterAll(() => database.close());

test('totals what is there, and what the merge of the release before adds', async () => {
  const { db } = database;
  // Migrations do not know the current schema.
  const before = db as unknown as Kysely<unknown>;
  const apply = (up: (of: Kysely<unknown>) => Promise<void>) => before.transaction().execute(up);
  for (const { up } of [links, visits, roles, orphanVisits, visitTallies]) await apply(up);
  const merge = (code: string, hour: string, visits: number) =>
    sql`
    insert into visit_rollups as rollup (short_code, hour, visits, bot_visits)
    values (${code}, ${hour}::timestamptz, ${visits}, 1), ('bots', ${hour}::timestamptz, 0, 5)
    on conflict (short_code, hour) do update
    set visits = rollup.visits + excluded.visits, bot_visits = rollup.bot_visits + excluded.bot_visits
  `.execute(db);
  await merge('a', '2026-11-24T10:00:00Z', 5);
  await merge('a', '2026-11-24T11:00:00Z', 2);
  await merge('b', '2026-11-24T11:00:00Z', 3);
  await apply(countDifferences.up);
  await merge('a', '2026-11-24T11:00:00Z', 10);
  await merge('c', '2026-11-24T12:00:00Z', 1);
  const { rows: totals } =
    await sql`select short_code, visits from visit_totals where visits > 0 order by 1`.execute(db);
  expect(totals).toEqual([
    { short_code: 'a', visits: 17 },
    { short_code: 'b', visits: 3 },
    { short_code: 'c', visits: 1 },
  ]);
  const { rows: marked } = await sql`select short_code from counts_to_compare order by 1`.execute(db);
  expect(marked).toEqual([{ short_code: 'a' }, { short_code: 'c' }]);
});

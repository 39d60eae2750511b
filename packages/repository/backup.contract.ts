import fc from 'fast-check';
import { type Kysely, sql } from 'kysely';
import { expect, test } from 'vitest';
import type { ShortCode } from '@terse/core/links/short-code';
import { testLink } from '@terse/core/links/test-link';
import { migrate } from './migrate.ts';
import type { OpenDatabase } from './open-database.ts';
import type { Database } from './schema.ts';
import { TABLE_NAMES } from './tables.ts';
import { fixtureOn, openPair, restoreInto, takeBackup, withLinks } from './test-backups.ts';
import { emptyDatabase } from './test-database.ts';
import { allRows, anyRows, insertRows } from './test-rows.ts';

/** Links whose visits differ from their rollups and deltas, and totals that differ from the rollups. */
async function contradictions(db: Kysely<Database>): Promise<unknown[]> {
  const { rows } = await sql`
    with rolledUp as (
      select delta ->> 'short_code' as short_code, (delta ->> 'visits')::bigint + (delta ->> 'bot_visits')::bigint as visits
      from rollup_deltas, json_array_elements(deltas) as delta
      union all
      select short_code, visits + bot_visits from hourly_rollups
    ), counted as (select short_code, count(*) as visits from visits group by short_code
    ), added as (select short_code, sum(visits)::bigint as visits from rolledUp group by short_code
    ), totals as (select short_code, sum(visits)::bigint as visits from hourly_rollups group by short_code)
    select 'visits', short_code, counted.visits, added.visits from counted full join added using (short_code)
    where counted.visits is distinct from added.visits
    union all
    select 'total', short_code, totals.visits, visit_totals.visits from totals full join visit_totals using (short_code)
    where totals.visits is distinct from visit_totals.visits
  `.execute(db);
  return rows;
}

/** What a backup and its restore promise between any two databases. */
export function describeBackups(open: () => Promise<OpenDatabase>, openOther = open): void {
  const pair = openPair(open, openOther);

  test('restores any rows that the tables hold, unchanged', async () => {
    await migrate(pair.to.db);
    await fc.assert(
      fc.asyncProperty(await anyRows(pair.from.db), async (rows) => {
        await emptyDatabase(pair.from.db);
        await insertRows(pair.from.db, rows);
        // Totals are restored, not computed.
        await sql`update visit_totals set visits = -7`.execute(pair.from.db);
        const before = await allRows(pair.from.db);
        await emptyDatabase(pair.to.db);
        const { rows: counts } = await restoreInto(pair.to, await takeBackup(pair.from));
        expect(await allRows(pair.to.db)).toEqual(before);
        expect(counts).toEqual(
          Object.fromEntries(Object.entries(before).map(([name, all]) => [name, all.length])),
        );
      }),
      { numRuns: 10 },
    );
  });

  test('shows one moment while visits are stored and merged, and holds nobody up', async () => {
    const fixture = await withLinks(pair.from);
    await fixture.visits.preparePartitions(new Date('2026-11-24T00:00:00Z'));
    await fixture.insert('2026-11-24T12:00:00Z', 40);
    await fixture.merger.merge();
    await fixture.insert('2026-11-24T13:00:00Z', 30);
    let tables = 0;
    const busy: OpenDatabase = {
      ...pair.from,
      copy: (purpose, work) =>
        pair.from.copy(purpose, (transaction) =>
          work({
            ...transaction,
            read: async (statement) => {
              tables++;
              await fixture.insert('2026-11-24T14:00:00Z', 20);
              await fixture.insert('2031-05-05T14:00:00Z', 20);
              await fixture.merger.merge();
              await fixture.visits.preparePartitions(new Date('2031-05-05T00:00:00Z'));
              await fixture.insert('2026-11-24T15:00:00Z', 20);
              await fixture.links.create({ ...testLink, tags: [], short_code: `new${tables}` as ShortCode });
              return transaction.read(statement);
            },
          }),
        ),
    };
    const { rows } = await restoreInto(pair.to, await takeBackup(busy));
    expect(tables).toBe(TABLE_NAMES.length);
    expect(rows).toMatchObject({ links: 2, visits: 70, rollup_deltas: 2 });
    expect(await contradictions(pair.to.db)).toEqual([]);
    expect(await contradictions(pair.from.db)).toEqual([]);
  });

  test('puts visits into the partitions of new ones, and counting goes on', async () => {
    const fixture = await withLinks(pair.from);
    await fixture.visits.preparePartitions(new Date('2026-11-24T00:00:00Z'));
    await fixture.insert('2026-11-24T12:00:00Z', 9);
    await fixture.insert('2031-05-05T12:00:00Z', 4);
    await restoreInto(pair.to, await takeBackup(pair.from));
    const restored = fixtureOn(pair.to);
    const places = async () => {
      const { rows } = await sql`
        select tableoid::regclass::text as place, count(*) from visits group by 1 order by 1
      `.execute(pair.to.db);
      return rows;
    };
    expect(await places()).toEqual([
      { place: 'visits_20261124', count: 9 },
      { place: 'visits_default', count: 4 },
    ]);
    const numbers = async () => {
      const { rows } = await sql<{ id: number }>`select id from rollup_deltas order by id`.execute(
        pair.to.db,
      );
      return rows.map(({ id }) => id);
    };
    const before = await numbers();
    await restored.insert('2026-11-24T12:30:00Z', 5);
    expect((await numbers()).slice(0, before.length)).toEqual(before);
    expect(await contradictions(pair.to.db)).toEqual([]);
    await restored.merger.merge();
    expect(await contradictions(pair.to.db)).toEqual([]);
    await restored.visits.preparePartitions(new Date('2031-05-05T00:00:00Z'));
    expect(await places()).toEqual([
      { place: 'visits_20261124', count: 14 },
      { place: 'visits_20310505', count: 4 },
    ]);
  });
}

import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createStatsService } from '@terse/core/stats/stats-service';
import { createTestClock } from '@terse/platform/test-clock';
import type { OpenDatabase } from '../open-database.ts';
import { openBareDatabase } from '../test-database.ts';
import { createRollupRepository } from '../rollup-repository.ts';
import { createUrlRepository } from '../url-repository.ts';
import { createVisitRepository } from '../visit-repository.ts';
import * as links from './0001-links.ts';
import * as visits from './0002-visits.ts';
import * as roles from './0003-roles.ts';
import * as orphanVisits from './0004-orphan-visits.ts';
import * as visitTallies from './0005-visit-tallies.ts';

let database: OpenDatabase;
beforeAll(async () => {
  database = await openBareDatabase();
});
afterAll(() => database.close());

test('keeps the numbers of the version before', async () => {
  const { db } = database;
  // A migration knows nothing of the present tables.
  const before = db as unknown as Kysely<unknown>;
  for (const { up } of [links, visits, roles, orphanVisits]) await up(before);
  await sql`
    insert into urls (short_code, original_url, created_at, updated_at)
    select code, 'https://example.com/', now(), now() from unnest(array['a', 'b', 'c']) as code
  `.execute(db);
  await sql`
    insert into visit_rollups (short_code, hour, visits, bot_visits) values
      ('a', '2026-10-31T23:00:00Z', 5, 1), ('a', '2026-11-01T05:00:00Z', 9, 0),
      ('a', '2026-11-03T00:00:00Z', 2, 0), ('a', '2026-11-03T23:00:00Z', 3, 4),
      ('b', '2026-11-03T12:00:00Z', 0, 7)
  `.execute(db);
  await sql`
    insert into visit_breakdowns (short_code, day, dimension, value, visits) values
      ('a', '2026-10-31', 'referrer', 'news.example', 5), ('a', '2026-11-03', 'referrer', 'news.example', 1),
      ('a', '2026-11-03', 'referrer', '"x" \\ é', 4), ('a', '2026-11-01', 'referrer', 'news.example', 9),
      ('a', '2026-11-03', 'os', 'Linux', 5)
  `.execute(db);

  await before.transaction().execute((transaction) => visitTallies.up(transaction));

  const stats = createStatsService({
    urls: createUrlRepository({ db, clock: createTestClock() }),
    rollups: createRollupRepository({ db }),
    visits: createVisitRepository({ db }),
    clock: createTestClock(),
  });
  const period = { from: new Date('2026-10-31T00:00:00Z'), to: new Date('2026-11-04T00:00:00Z') };
  const ofA = await stats.summarise('a', { ...period, interval: 'day' });
  expect(ofA.series.map((bucket) => [bucket.visits, bucket.bot_visits])).toEqual([
    [5, 1],
    [9, 0],
    [0, 0],
    [5, 4],
  ]);
  expect(ofA.breakdown).toEqual({
    referrer: [
      { value: 'news.example', visits: 15 },
      { value: '"x" \\ é', visits: 4 },
    ],
    country: [{ value: '(unknown)', visits: 19 }],
    browser: [{ value: '(unknown)', visits: 19 }],
    os: [
      { value: 'Linux', visits: 5 },
      { value: '(unknown)', visits: 14 },
    ],
    device: [{ value: '(unknown)', visits: 19 }],
  });
  const byHour = await stats.summarise('a', { ...period, interval: 'hour' });
  expect(byHour.series.flatMap(({ visits }) => visits || [])).toEqual([5, 9, 2, 3]);
  expect((await stats.summarise('b', { ...period, interval: 'day' })).totals).toEqual({
    visits: 0,
    bot_visits: 7,
  });
  expect((await stats.summarise('c', { ...period, interval: 'day' })).totals).toEqual({
    visits: 0,
    bot_visits: 0,
  });
});

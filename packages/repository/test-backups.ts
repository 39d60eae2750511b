import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { ShortCode } from '@terse/core/links/short-code';
import { createTestClock } from '@terse/platform/test-clock';
import { testLink } from '@terse/core/links/test-link';
import { testVisitAt } from '@terse/core/visits/test-visit';
import { createRollupMerger } from '@terse/core/stats/rollup-merger';
import { writeBackup } from './backup.ts';
import { migrate } from './migrate.ts';
import type { OpenDatabase } from './open-database.ts';
import { readBackup } from './restore.ts';
import { createRollupRepository } from './rollup-repository.ts';
import { createLinkRepository } from './link-repository.ts';
import { createVisitRepository } from './visit-repository.ts';

/** Two databases. Before each test, the first is migrated and the second is bare. */
export interface Pair {
  readonly from: OpenDatabase;
  readonly to: OpenDatabase;
}

export function openPair(open: () => Promise<OpenDatabase>, openOther: () => Promise<OpenDatabase>): Pair {
  let from: OpenDatabase;
  let to: OpenDatabase;
  beforeAll(async () => {
    [from, to] = await Promise.all([open(), openOther()]);
  });
  beforeEach(async () => {
    await makeBare(from);
    await migrate(from.db);
    await makeBare(to);
  });
  afterAll(async () => {
    await from.close();
    await to.close();
  });
  return {
    get from() {
      return from;
    },
    get to() {
      return to;
    },
  };
}

const CODES = ['hello', 'other'] as ShortCode[];

export async function takeBackup(database: OpenDatabase): Promise<Buffer> {
  const file = new PassThrough();
  const [bytes] = await Promise.all([buffer(file), writeBackup(database, file)]);
  return bytes;
}

export function restoreInto(database: OpenDatabase, bytes: Uint8Array) {
  return readBackup(Readable.from([bytes]), (backup) => backup.restore(database));
}

/** Removes everything that migrations made. */
export async function makeBare({ db }: OpenDatabase): Promise<void> {
  await sql`drop schema public cascade`.execute(db);
  await sql`create schema public`.execute(db);
}

/** The services that change links and visits in a database. */
export function fixtureOn({ db }: OpenDatabase) {
  const links = createLinkRepository({ db, clock: createTestClock() });
  const visits = createVisitRepository({ db });
  const merger = createRollupMerger({ repository: createRollupRepository({ db }), batchesAtOnce: 3 });
  /** Stores so many visits of both links, a third of them by bots. */
  const insert = (time: string, count: number) =>
    visits.insert(
      Array.from({ length: count }, (_, index) =>
        testVisitAt(time, { short_code: CODES[index % 2] ?? testLink.short_code, is_bot: index % 3 === 0 }),
      ),
    );
  return { db, links, visits, merger, insert };
}

/** The services of `fixtureOn`, on two links. */
export async function withLinks(database: OpenDatabase) {
  const fixture = fixtureOn(database);
  for (const short_code of CODES) await fixture.links.create({ ...testLink, tags: [], short_code });
  return fixture;
}

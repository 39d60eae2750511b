import { createLinkResolver } from '@terse/core/links/resolver/link-resolver';
import type { CachedLink } from '@terse/core/links/link';
import type { ShortCode } from '@terse/core/links/short-code';
import { testVisitor } from '@terse/core/links/test-link';
import { createTestMetrics } from '@terse/core/test-metrics';
import { createLinkService } from '@terse/core/links/link-service';
import type { OpenDatabase } from '@terse/repository/open-database';
import { openTestDatabase } from '@terse/repository/test-database';
import { createLinkRepository } from '@terse/repository/link-repository';
import { openTestServices, type TestServices } from '@terse/runtime/services/test-services';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLinksApp } from './app.ts';
import { type Answer, type Call, callerOf } from './test-links.ts';

let services: TestServices;
let database: OpenDatabase;
let call: Call;
let resolver: ReturnType<typeof createLinkResolver>;
beforeAll(async () => {
  services = await openTestServices();
  database = await openTestDatabase();
  const { clock } = services;
  const metrics = createTestMetrics();
  const repository = createLinkRepository({ db: database.db, clock });
  const copies = new Map<string, string>();
  // Stored as text, as in Redis.
  const cache = {
    put: (link: CachedLink) => Promise.resolve(void copies.set(link.short_code, JSON.stringify(link))),
    getAll: (wanted: readonly ShortCode[]) =>
      Promise.resolve(wanted.map((each) => JSON.parse(copies.get(each) ?? 'null') as CachedLink | undefined)),
  };
  const counter = { pending: () => Promise.resolve([]) };
  const linkService = createLinkService({
    repository,
    cache,
    counter,
    metrics,
    clock,
    isOwnUrl: () => false,
  });
  resolver = createLinkResolver({ cache, repository, clock, metrics });
  call = callerOf(createLinksApp({ ...services, linkService }));
});
afterAll(async () => {
  await database.close();
  await services.close();
});

let codes = 0;

describe('existing rows', () => {
  test.each(['0031-01-01', '10000-01-01', 'infinity', '-infinity', '0044-03-15 BC'])(
    'a link of the time %s is shown, listed, changed, deleted, restored and followed',
    async (time) => {
      const code = `stored-${codes++}` as ShortCode;
      await sql`
        insert into links (short_code, original_url, tags, expires_at, created_at, updated_at)
        values (${code}, 'https://example.com/', array[null, 'kept'], ${time}::text::timestamptz,
          ${time}::text::timestamptz, ${time}::text::timestamptz)
      `.execute(database.db);
      const { status, body } = await call('GET', `/api/v1/links/${code}`);
      expect([status, body['tags']]).toEqual([200, ['kept']]);
      expect(new Date(String(body['expires_at'])).getTime()).not.toBeNaN();

      const seen: unknown[] = [];
      let cursor: string | null = null;
      do {
        const page: Answer = await call('GET', `/api/v1/links?limit=1${cursor ? `&cursor=${cursor}` : ''}`);
        expect(page.status).toBe(200);
        seen.push(...(page.body['links'] as { short_code: string }[]).map((link) => link.short_code));
        cursor = page.body['next_cursor'] as string | null;
      } while (cursor);
      expect(seen.filter((each) => each === code)).toEqual([code]);

      const isOver = time === '0031-01-01' || time === '-infinity' || time === '0044-03-15 BC';
      expect((await resolver.resolve(code, testVisitor)).kind).toBe(isOver ? 'expired' : 'redirect');
      expect((await call('PATCH', `/api/v1/links/${code}`, { title: 'New' })).status).toBe(200);
      expect((await call('DELETE', `/api/v1/links/${code}`)).status).toBe(204);
      expect((await call('POST', `/api/v1/links/${code}/restore`)).status).toBe(200);
      expect(
        (await call('PATCH', `/api/v1/links/${code}`, { expires_at: null })).body['expires_at'],
      ).toBeNull();
    },
  );
});

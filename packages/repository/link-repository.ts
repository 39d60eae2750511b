import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Clock } from '@terse/platform/clock';
import type { Link } from '@terse/core/links/link';
import {
  foldedTitleColumn,
  type LinkSearch,
  readableUrlColumn,
  searchColumns,
} from '@terse/core/links/link-search';
import type { NewRow } from './model-insert.ts';
import { createModelService } from './model-service.ts';
import type { Database } from './schema.ts';
import { createTimestampService } from './timestamps.ts';
import { unappliedVisits } from './unapplied-visits.ts';
import type { LinkValues, LinkRepository } from '@terse/core/links/ports';

const COLUMNS = [
  'short_code',
  'original_url',
  'redirect_status',
  'visit_count',
  'expires_at',
  'pinned',
  'title',
  'tags',
  'version',
  'created_at',
  'updated_at',
  'deleted_at',
] as const satisfies readonly (keyof Link)[];

export function createLinkRepository(options: { db: Kysely<Database>; clock: Clock }): LinkRepository {
  const { db, clock } = options;
  const links = createModelService({
    db,
    table: 'links',
    key: 'short_code',
    columns: COLUMNS,
    defaults: { visit_count: 0, version: 1 },
    timestamps: createTimestampService(clock),
    onChange: { version: sql`version + 1` },
  });

  return {
    find: (code) => links.get(code, 'all'),
    findAll: async (codes) => {
      const found = await links.getAll(codes, 'all');
      const byCode = new Map(found.map((link) => [link.short_code, link]));
      return codes.map((code) => byCode.get(code));
    },
    create: (values) => links.create(toRow(values)),
    createAll: async (values) => {
      const created = await links.createAll(values.map(toRow));
      if (created) return { created };
      const codes = values.map(({ short_code }) => short_code);
      return { taken: (await links.getAll(codes, 'all')).map(({ short_code }) => short_code) };
    },
    change: (code, changes) => {
      const { original_url, title } = changes;
      return links.update(code, {
        ...changes,
        ...(original_url !== undefined && { readable_url: readableUrlColumn(original_url) }),
        ...(title !== undefined && { folded_title: foldedTitleColumn(title) }),
      });
    },
    remove: (code) => links.remove(code),
    restore: (code) => links.restore(code),

    page: async ({ tags = [], search, visibility }, limit, after) => {
      const where: RawBuilder<boolean>[] = [];
      for (const tag of new Set(tags)) {
        // Earlier releases stored tags as given, not in NFC.
        where.push(sql`tags && ${[tag, tag.normalize('NFD')]}::text[]`);
      }
      if (search !== undefined) where.push(matches(search));
      const rows = await links.list({ visibility, where, after, limit: limit + 1 });
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      return {
        codes: page.map((row) => row.short_code),
        next: rows.length > limit ? last?.short_code : undefined,
      };
    },

    read: (codes, pending) =>
      db
        .selectFrom('links')
        .select(COLUMNS)
        .select(
          sql<number>`visit_count + coalesce((
          select pending.visits from (${unappliedVisits(pending)}) as pending
          where pending.short_code = links.short_code
        ), 0)`.as('visit_count'),
        )
        .where(sql<boolean>`short_code = any(${[...codes]}::text[])`)
        .orderBy('created_at', 'desc')
        .orderBy('short_code', 'desc')
        .execute(),
  };
}

/**
 * Always the same columns in the same order, because each other set would be another statement to prepare.
 */
function toRow(values: LinkValues): NewRow<'links'> {
  return {
    short_code: values.short_code,
    original_url: values.original_url,
    redirect_status: values.redirect_status,
    title: values.title,
    tags: values.tags,
    expires_at: values.expires_at,
    pinned: values.pinned,
    ...searchColumns(values),
  };
}

/**
 * Lower-cases the plain columns once for all patterns, by the collation "C", which is the same in each database and
 * changes ASCII letters only. Text beyond ASCII was folded before it was stored.
 */
function matches({ contains, codePrefix }: LinkSearch): RawBuilder<boolean> {
  const patterns = sql`any(${contains.map((text) => `%${literal(text)}%`)}::text[])`;
  // The line breaks separate the columns: no search text contains one.
  const plain = sql`lower((short_code || e'\\n' || original_url || e'\\n' || coalesce(title, '')) collate "C")`;
  const prefix = codePrefix === undefined ? sql`false` : sql`${plain} like ${`${literal(codePrefix)}%`}`;
  return sql`(${plain} like ${patterns} or readable_url like ${patterns} or folded_title like ${patterns} or ${prefix})`;
}

function literal(text: string): string {
  return text.replaceAll(/[\\%_]/g, String.raw`\$&`);
}

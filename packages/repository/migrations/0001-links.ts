import { type Kysely, sql } from 'kysely';

/** Links and the keys of those who may change them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table urls (
      short_code text primary key,
      original_url text not null,
      redirect_status smallint not null default 307 check (redirect_status in (301, 302, 307, 308)),
      visit_count bigint not null default 0,
      expires_at timestamptz,
      pinned boolean not null default false,
      title text,
      tags text[] not null default '{}',
      version integer not null default 1,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      deleted_at timestamptz
    ) with (fillfactor = 80)
  `.execute(db);
  // Not partial: deleted links are listed too. Neither index holds visit_count, so counting stays a heap-only update.
  await sql`create index urls_newest on urls (created_at desc, short_code desc)`.execute(db);
  await sql`create index urls_tags on urls using gin (tags)`.execute(db);

  await sql`
    create table api_keys (
      key_hash text primary key,
      name text not null,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      deleted_at timestamptz
    )
  `.execute(db);
}

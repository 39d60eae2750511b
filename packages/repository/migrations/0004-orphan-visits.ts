import { type Kysely, sql } from 'kysely';

/** Visits of codes that never were a link: whatever put them into the queue, they are in nobody's numbers. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table orphan_visits (
      id uuid primary key,
      short_code text not null,
      ip text,
      timestamp timestamptz not null,
      user_agent text,
      referrer text,
      country text,
      is_bot boolean not null
    )
  `.execute(db);
  await sql`grant insert, select (id) on orphan_visits to terse_visit_writer`.execute(db);
  await sql`grant select (short_code) on urls to terse_visit_writer`.execute(db);
}

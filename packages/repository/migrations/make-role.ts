import { type Kysely, sql } from 'kysely';

/** Makes a group role, unless the server has it, and grants it rights such as `select on links`. */
export async function makeRole(db: Kysely<unknown>, role: string, grants: readonly string[]): Promise<void> {
  // Roles belong to the whole server, so another database may make the same one at this moment.
  await sql`
    do $$ begin
      if not exists (select from pg_roles where rolname = ${sql.lit(role)}) then
        create role ${sql.id(role)} nologin;
      end if;
    exception when duplicate_object or unique_violation then null;
    end $$
  `.execute(db);
  for (const grant of grants) await sql`grant ${sql.raw(grant)} to ${sql.id(role)}`.execute(db);
}

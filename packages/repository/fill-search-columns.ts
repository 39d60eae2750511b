import { type Kysely, sql } from 'kysely';
import { type SearchColumns, searchColumns } from '@terse/core/links/link-search';

const LINKS_AT_ONCE = 1000;

interface SearchRow extends SearchColumns {
  readonly short_code: string;
  readonly original_url: string;
  readonly title: string | null;
}

/**
 * Sets the search columns of links that the release before created or changed, in separate statements: after a kill,
 * the next run continues. Skips a link that changes meanwhile, because the change sets its columns.
 */
export async function fillSearchColumns<T>(db: Kysely<T>): Promise<void> {
  let after = '';
  for (;;) {
    const { rows } = await sql<SearchRow>`
      select short_code, original_url, title, readable_url, folded_title from urls
      where short_code > ${after} and (
        readable_url is not null or original_url ~ '%|xn--|[^\x01-\x7F]'
        or folded_title is not null or octet_length(title) <> char_length(title)
      )
      order by short_code limit ${LINKS_AT_ONCE}
    `.execute(db);
    const stale = rows.flatMap((row) => {
      const columns = searchColumns(row);
      const isRight = columns.readable_url === row.readable_url && columns.folded_title === row.folded_title;
      return isRight ? [] : [{ ...row, ...columns }];
    });
    if (stale.length > 0) await store(db, stale);
    const last = rows.at(-1);
    if (!last || rows.length < LINKS_AT_ONCE) return;
    after = last.short_code;
  }
}

async function store<T>(db: Kysely<T>, rows: readonly SearchRow[]): Promise<void> {
  await sql`
    update urls set readable_url = link.readable_url, folded_title = link.folded_title
    from json_to_recordset(${JSON.stringify(rows)}::text::json)
      as link (short_code text, original_url text, title text, readable_url text, folded_title text)
    where urls.short_code = link.short_code
      and urls.original_url = link.original_url and urls.title is not distinct from link.title
  `.execute(db);
}

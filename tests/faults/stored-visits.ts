import assert from 'node:assert/strict';
import type postgres from 'postgres';
import { referrerOf } from '../../harness/clients/visitors.ts';

/** The difference between the stored and the answered visits of a link. */
export interface Difference {
  readonly stored: number;
  /** Answered, and not stored. */
  readonly missing: number;
  /** Stored, and not answered. */
  readonly surplus: number;
}

/**
 * Compares the stored visits by people of a link with the answered ones, identified by their referrers.
 * @throws AssertionError when one is stored twice.
 */
export async function compareStored(
  sql: postgres.Sql,
  code: string,
  answered: ReadonlySet<number>,
): Promise<Difference> {
  const rows = await sql<{ referrer: string }[]>`
    select referrer from visits where short_code = ${code} and not is_bot
  `;
  const stored = new Set(rows.map(({ referrer }) => referrer));
  assert.equal(rows.length - stored.size, 0, 'visits are stored twice');
  const expected = new Set([...answered].map(referrerOf));
  return {
    stored: stored.size,
    missing: expected.difference(stored).size,
    surplus: stored.difference(expected).size,
  };
}

/** Resolves to the count of a link; -1 when there is no such link. */
export async function countOf(sql: postgres.Sql, code: string): Promise<number> {
  const [link] = await sql<{ count: number }[]>`
    select visit_count::int as count from links where short_code = ${code}
  `;
  return link?.count ?? -1;
}

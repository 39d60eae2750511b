/**
 * Records that are kept together as one text, as they stand in an array of JSON: each on a line of its own, with a comma
 * before the next. A thousand short strings in memory are work for the garbage collector; one long one is none.
 */
export interface JoinedRecords {
  readonly text: string;
  readonly count: number;
}

const SEPARATOR = ',\n';

export function joinRecords(records: readonly string[]): JoinedRecords {
  return { text: records.join(SEPARATOR), count: records.length };
}

export function splitRecords(text: string): string[] {
  return text.split('\n').map((line) => (line.endsWith(',') ? line.slice(0, -1) : line));
}

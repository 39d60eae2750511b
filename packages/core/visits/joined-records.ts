const SEPARATOR = ',\n';

/** Records as they stand in an array of JSON: each on a line of its own, with a comma before the next. */
export function joinRecords(records: readonly string[]): string {
  return records.join(SEPARATOR);
}

export function splitRecords(text: string): string[] {
  return text.split('\n').map((line) => (line.endsWith(',') ? line.slice(0, -1) : line));
}

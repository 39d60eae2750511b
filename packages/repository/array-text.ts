const NEEDS_ESCAPE = /["\\]/;
const ESCAPED = /["\\]/g;

/**
 * An array as PostgreSQL reads it, for a parameter of type `text` that is cast: the drivers take several times as long.
 * https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
 */
export function arrayText(values: readonly (string | null)[]): string {
  let text = '';
  for (const value of values) text += text === '' ? element(value) : `,${element(value)}`;
  return `{${text}}`;
}

function element(value: string | null): string {
  if (value === null) return 'NULL';
  return `"${NEEDS_ESCAPE.test(value) ? value.replaceAll(ESCAPED, String.raw`\$&`) : value}"`;
}

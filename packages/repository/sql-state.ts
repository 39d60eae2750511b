/** SQLSTATE as both databases tell it. https://www.postgresql.org/docs/current/errcodes-appendix.html */
function hasState(error: unknown, state: string): boolean {
  return error instanceof Error && (error as { code?: unknown }).code === state;
}

/** A row with the same key is there already. */
export function isUniqueViolation(error: unknown): boolean {
  return hasState(error, '23505');
}

/** Something else changed the same rows in between. */
export function isSerializationFailure(error: unknown): boolean {
  return hasState(error, '40001');
}

/** Whether an error has this SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html */
function hasState(error: unknown, state: string): boolean {
  return error instanceof Error && (error as { code?: unknown }).code === state;
}

/** A row with the same key exists. */
export function isUniqueViolation(error: unknown): boolean {
  return hasState(error, '23505');
}

export function isMissingTable(error: unknown): boolean {
  return hasState(error, '42P01');
}

/** The login lacks a right that the statement needs. */
export function isNotPermitted(error: unknown): boolean {
  return hasState(error, '42501');
}

/** The statement waited for a lock for too long. */
export function isLockTimeout(error: unknown): boolean {
  return hasState(error, '55P03');
}

/** The server had no memory left, such as for one more lock. */
export function isOutOfMemory(error: unknown): boolean {
  return hasState(error, '53200');
}

/** Something else changed the same rows in between. */
export function isSerializationFailure(error: unknown): boolean {
  return hasState(error, '40001');
}

/**
 * Classes of SQLSTATE with which the server refuses rows for their content: cardinality, data, integrity, a view's
 * check, a program limit, an exception of a trigger. All others concern the statement, the schema, a right or the
 * server; an operator can remove their cause.
 */
const CONTENT_CLASSES = new Set(['21', '22', '23', '44', '54', 'P0']);

export function isRefusalOfContent(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && code.length === 5 && CONTENT_CLASSES.has(code.slice(0, 2));
}

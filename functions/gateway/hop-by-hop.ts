/** Headers for one connection only (RFC 9110, section 7.6.1). */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Headers that are forwarded even when `Connection` lists them: no message can be read without them. */
const NEVER_LISTED = new Set(['content-length', 'content-type', 'host']);

/** The headers to forward, as alternating names and values, without those in `replaced`. */
export function endToEnd(rawHeaders: readonly string[], replaced: ReadonlySet<string> = new Set()): string[] {
  const pairs = pairsOf(rawHeaders);
  const listed = new Set(
    pairs
      .filter(([name]) => name.toLowerCase() === 'connection')
      .flatMap(([, value]) => value.split(',').map((option) => option.trim().toLowerCase()))
      .filter((name) => !NEVER_LISTED.has(name)),
  );
  return pairs
    .filter(([name]) => {
      const key = name.toLowerCase();
      return !HOP_BY_HOP.has(key) && !listed.has(key) && !replaced.has(key);
    })
    .flat();
}

/** All values of a header in order; `undefined` when it is absent. */
export function valueOf(rawHeaders: readonly string[], name: string): string | undefined {
  const values = pairsOf(rawHeaders).flatMap(([key, value]) => (key.toLowerCase() === name ? [value] : []));
  return values.length > 0 ? values.join(', ') : undefined;
}

/** Pairs up alternating names and values. */
export function pairsOf(rawHeaders: readonly string[]): [name: string, value: string][] {
  return rawHeaders.flatMap((name, index): [string, string][] =>
    index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? '']] : [],
  );
}

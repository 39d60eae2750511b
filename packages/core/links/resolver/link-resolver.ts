import { MAX_BATCH_SIZE } from '@terse/platform/batched';
import type { Clock } from '@terse/platform/clock';
import type { CachedLink } from '../link.ts';
import type { ShortCode } from '../short-code.ts';
import type { Visitor } from '../visitor.ts';
import { decide, type PreparedLink } from './decide.ts';
import type { Resolution } from './resolution.ts';
import { createLinkLoader, type LinkLoaderOptions } from './link-loader.ts';
import { createLinkMemory, type KnownLink } from './link-memory.ts';

/**
 * Finds what a short code leads to: this process's memory, then the shared cache, then the repository. Memory answers
 * synchronously; it is never older than 1.5 seconds, so a change is seen within two, unless the backing services behind
 * it are down.
 */
export interface LinkResolver {
  /** @throws DomainError `unavailable` when the code is not cached and the repository does not answer. */
  resolve(code: ShortCode, visitor: Visitor): Resolution | Promise<Resolution>;
}

export interface LinkResolverOptions extends LinkLoaderOptions {
  readonly clock: Clock;
  readonly maxEntries?: number;
  /** How old an answer from memory may be. */
  readonly maxAgeMs?: number;
}

/**
 * Refresh-ahead: a hit on an entry older than this share of its age answers at once, and reloads it in the background.
 */
const REFRESH_AHEAD_AFTER = 0.6;
/** Reloading a link alone costs as much as several redirects; with others in one command it costs nearly nothing. */
const GATHER_MS = 50;

export function createLinkResolver(options: LinkResolverOptions): LinkResolver {
  const { clock, metrics, maxEntries = 100_000, maxAgeMs = 1500 } = options;
  const refreshAheadAfterMs = maxAgeMs * REFRESH_AHEAD_AFTER;
  const memory = createLinkMemory({ maxEntries, clock });
  const loader = createLinkLoader(options);
  /** Single flight: however many wait for a code, it is loaded once. */
  const flights = new Map<ShortCode, Promise<PreparedLink>>();
  let dueForReload: ShortCode[] = [];

  function loadOnce(code: ShortCode): Promise<PreparedLink> {
    return flights.get(code) ?? fly(code, loader.load(code));
  }

  /** A link that cannot be reloaded stays as it is for another `maxAgeMs`. */
  function fly(code: ShortCode, loading: Promise<CachedLink>): Promise<PreparedLink> {
    const flight = loading.then(
      (copy) => {
        flights.delete(code);
        return memory.put(code, copy);
      },
      (error: unknown) => {
        flights.delete(code);
        const known = memory.keep(code);
        if (!known) throw error;
        return known;
      },
    );
    flights.set(code, flight);
    return flight;
  }

  function reloadSoon(code: ShortCode, known: KnownLink): void {
    if (known.isReloading) return;
    known.isReloading = true;
    if (dueForReload.length === 0) void clock.sleep(GATHER_MS).then(reload);
    dueForReload.push(code);
    if (dueForReload.length >= MAX_BATCH_SIZE) void reload();
  }

  /** Reloads all due links in one command: a promise for each would cost more than the loading. */
  async function reload(): Promise<void> {
    const codes = dueForReload;
    dueForReload = [];
    if (codes.length === 0) return;
    const copies = await loader.copiesOf(codes);
    for (const [index, code] of codes.entries()) {
      const copy = copies[index];
      if (copy) memory.put(code, copy);
      else if (!flights.has(code)) fly(code, loader.readThrough(code)).catch(() => {});
    }
  }

  return {
    resolve: (code, visitor) => {
      const known = memory.get(code);
      const ageMs = known ? clock.monotonic() - known.loadedAt : Infinity;
      if (!known || ageMs > maxAgeMs) {
        return loadOnce(code).then((link) => decide(link, visitor, clock.now()));
      }
      metrics.resolved('memory');
      if (ageMs > refreshAheadAfterMs) reloadSoon(code, known);
      return decide(known.link, visitor, clock.now());
    },
  };
}

import { type LookupAddress, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

type Found = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;
type Look = (hostname: string, found: Found) => void;

/**
 * Resolves a name once for all concurrent callers, so that a slow name blocks one thread only. Each caller tries
 * another address first, which spreads a burst of connections over all addresses of the name.
 */
export function lookUpOnce(
  look: Look = (hostname, found) => lookup(hostname, { all: true }, found),
): LookupFunction {
  const waiting = new Map<string, Found[]>();

  return (hostname, { all }, callback) => {
    const found: Found = (error, addresses) => {
      const [first] = addresses;
      if (error || all === true || !first) callback(error, addresses);
      else callback(null, first.address, first.family);
    };
    const others = waiting.get(hostname);
    if (others) {
      others.push(found);
      return;
    }
    const callers = [found];
    waiting.set(hostname, callers);
    look(hostname, (error, addresses) => {
      waiting.delete(hostname);
      for (const [index, each] of callers.entries()) each(error, error ? [] : startingAt(index, addresses));
    });
  };
}

/** The addresses in the order in which the caller of this index tries them. */
function startingAt(index: number, addresses: readonly LookupAddress[]): LookupAddress[] {
  const first = index % Math.max(addresses.length, 1);
  return [...addresses.slice(first), ...addresses.slice(0, first)];
}

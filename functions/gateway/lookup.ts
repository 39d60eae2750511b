import { type LookupAddress, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

type Found = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;
type Look = (hostname: string, found: Found) => void;

/** Resolves names, once for all concurrent callers, so that a slow name blocks one thread only. */
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
    const askers = [found];
    waiting.set(hostname, askers);
    look(hostname, (error, addresses) => {
      waiting.delete(hostname);
      for (const each of askers) each(error, error ? [] : addresses);
    });
  };
}

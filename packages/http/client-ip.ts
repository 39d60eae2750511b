import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import ipaddr from 'ipaddr.js';
import { LRUCache } from 'lru-cache';
import { requestHeader } from './request-header.ts';

export type VisitorIp = 'anonymized' | 'full' | 'none';

export interface ClientIpOptions {
  readonly visitorIp: VisitorIp;
  /** How many proxies in front append to `X-Forwarded-For`. Only the addresses that they append are believed. */
  readonly trustedProxyHops: number;
}

const ADDRESSES_REMEMBERED = 10_000;
/** An IPv6 address with an IPv4 one in it, and the name of an interface. */
const MAX_ADDRESS_LENGTH = 64;

/** Reads the visitor's address off a request, reduced to what may be kept of it; `null` when there is none. */
export function createClientIp({
  visitorIp,
  trustedProxyHops,
}: ClientIpOptions): (c: Context) => string | null {
  if (visitorIp === 'none') return () => null;
  const reduce = visitorIp === 'anonymized' ? anonymize : normalize;
  // Parsing takes microseconds, so addresses are remembered. `false` stands for no address.
  const reduced = new LRUCache<string, string | false>({ max: ADDRESSES_REMEMBERED });

  function reduceAndRemember(address: string): string | false {
    const kept = reduce(address) ?? false;
    reduced.set(address, kept);
    return kept;
  }

  return (c) => {
    const address = trustedProxyHops === 0 ? peerAddress(c) : forwardedAddress(c, trustedProxyHops);
    if (address === undefined || address.length > MAX_ADDRESS_LENGTH) return null;
    return (reduced.get(address) ?? reduceAndRemember(address)) || null;
  };
}

function peerAddress(c: Context): string | undefined {
  const { incoming }: Partial<HttpBindings> = c.env ?? {};
  return incoming?.socket.remoteAddress;
}

/** The n-th address from the right: each trusted proxy appends one, and anyone can write those to the left. */
function forwardedAddress(c: Context, hops: number): string | undefined {
  return requestHeader(c, 'x-forwarded-for')?.split(',').at(-hops)?.trim();
}

/** An IPv4 address without its last octet, an IPv6 address without all but its first 48 bits. */
export function anonymize(address: string): string | null {
  const parsed = parse(address);
  if (!parsed) return null;
  const kept = parsed.kind() === 'ipv4' ? 3 : 6;
  return ipaddr
    .fromByteArray(parsed.toByteArray().map((byte, index) => (index < kept ? byte : 0)))
    .toString();
}

function normalize(address: string): string | null {
  return parse(address)?.toString() ?? null;
}

/** An address as RFC 7239 and proxies write it: bare or quoted, IPv6 in brackets or not, with a port or without. */
const NODE = /^"?(?:\[([^\]]+)\](?::\w+)?|([^:"]+)(?::\d+)?|([^"[\]]+))"?$/;

function parse(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const [, inBrackets, withoutColons, bare] = NODE.exec(text.trim()) ?? [];
  const address = inBrackets ?? withoutColons ?? bare ?? '';
  const [withoutZone = ''] = address.split('%', 1);
  // Not `ipaddr.isValid`, which accepts `7`, `0x7f.1` and `203.0.113` as IPv4.
  const isAddress = ipaddr.IPv4.isValidFourPartDecimal(withoutZone) || ipaddr.IPv6.isValid(withoutZone);
  return isAddress ? ipaddr.process(withoutZone) : undefined;
}

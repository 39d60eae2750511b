import { BlockList, isIP } from 'node:net';

/** Whether a URL points back to the shortener, which would loop. */
export type IsOwnUrl = (url: URL) => boolean;

export interface OwnAddress {
  /** Where short URLs begin. */
  readonly baseUrl: URL;
  /** The port of this process; that of `baseUrl` unless given. */
  readonly port?: number;
  /** Further names and addresses of this machine. */
  readonly hosts?: readonly string[];
}

/** `localhost` and names below it (RFC 6761), and the names that Linux distributions put into `/etc/hosts`. */
const LOOPBACK_NAME = /(^|\.)localhost$|^localhost\.localdomain$|^ip6-(localhost|loopback)$/;

/**
 * Recognises the shortener's own addresses in every spelling: the URL parser resolves numbers, letter cases, percent
 * signs and IDN. The host of `baseUrl` matches at any port. Loopback and `hosts` match only at the ports of `baseUrl`
 * and of this process, because other programs listen on this machine too.
 */
export function ownUrls({ baseUrl, port = portOf(baseUrl), hosts = [] }: OwnAddress): IsOwnUrl {
  const isListed = hostsOf(hosts, loopbackAddresses());
  const isThisMachine = (host: string) => isListed(host) || LOOPBACK_NAME.test(host);
  const baseHost = hostOf(baseUrl);
  const isBaseHost = hostsOf([baseHost]);
  const isLocal = isThisMachine(baseHost);
  const ownPorts = new Set(isLocal ? [port, portOf(baseUrl)] : [port]);
  return (url) => {
    const host = hostOf(url);
    if (!isLocal && isBaseHost(host)) return true;
    return ownPorts.has(portOf(url)) && isThisMachine(host);
  };
}

/** Matches names and addresses, an IPv4 address also in its IPv6-mapped form (RFC 4291). */
function hostsOf(hosts: readonly string[], addresses = new BlockList()): (host: string) => boolean {
  for (const host of hosts) if (isIP(host)) addresses.addAddress(host, familyOf(host));
  return (host) => (isIP(host) ? addresses.check(host, familyOf(host)) : hosts.includes(host));
}

function loopbackAddresses(): BlockList {
  const addresses = new BlockList();
  addresses.addSubnet('0.0.0.0', 8, 'ipv4');
  addresses.addSubnet('127.0.0.0', 8, 'ipv4');
  addresses.addAddress('::', 'ipv6');
  addresses.addAddress('::1', 'ipv6');
  // IPv4-compatible (RFC 4291) and IPv4-translated (RFC 6052) addresses.
  addresses.addSubnet('::127.0.0.0', 104, 'ipv6');
  addresses.addSubnet('64:ff9b::127.0.0.0', 104, 'ipv6');
  return addresses;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}

/** The host without the brackets of IPv6 and without dots at its end. */
function hostOf({ hostname }: URL): string {
  return hostname.replaceAll(/^\[|\]$|\.+$/g, '');
}

function portOf({ port, protocol }: URL): number {
  if (port) return Number(port);
  return protocol === 'https:' ? 443 : 80;
}

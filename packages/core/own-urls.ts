import { BlockList, isIP } from 'node:net';

/** Whether a URL points back to the shortener, which would loop. */
export type IsOwnUrl = (url: URL) => boolean;

export interface OwnAddress {
  /** Where short URLs begin. */
  readonly baseUrl: URL;
  /** Where this process listens; as `baseUrl` unless given. */
  readonly port?: number;
  /** Further names and addresses of this machine. */
  readonly hosts?: readonly string[];
}

/** `localhost` and names below it (RFC 6761), and what Linux distributions add in `/etc/hosts`. */
const LOOPBACK_NAME = /(^|\.)localhost$|^localhost\.localdomain$|^ip6-(localhost|loopback)$/;

/**
 * Recognises the shortener's own addresses in every spelling: the URL parser resolves numbers, letter cases, percent signs and
 * IDN. The host of `baseUrl` is its own at any port. On this machine (loopback, `hosts`), where other programs listen too,
 * only the ports of `baseUrl` and of this process are.
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

/** Matches names and addresses; an IPv4 address also where it is written in IPv6 (RFC 4291, mapped). */
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
  // IPv4 in IPv6, compatible (RFC 4291) and translated (RFC 6052).
  addresses.addSubnet('::127.0.0.0', 104, 'ipv6');
  addresses.addSubnet('64:ff9b::127.0.0.0', 104, 'ipv6');
  return addresses;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}

/** Without the brackets of IPv6 and the dots that end a name. */
function hostOf({ hostname }: URL): string {
  return hostname.replaceAll(/^\[|\]$|\.+$/g, '');
}

function portOf({ port, protocol }: URL): number {
  if (port) return Number(port);
  return protocol === 'https:' ? 443 : 80;
}

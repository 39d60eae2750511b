import { isIP } from 'node:net';
import { z } from '@terse/platform/zod';

/** A name of DNS or `/etc/hosts`. Its last label is no number: to a URL, such a name is an IPv4 address. */
const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const HOST_NAME = new RegExp(`^(?!.{254})(?:${LABEL}\\.)*(?!(?:\\d+|0x[\\da-f]*)\\.?$)${LABEL}\\.?$`, 'i');

const ANY_ADDRESS = new Set(['0.0.0.0', '[::]', '[::ffff:0:0]']);

/** An IP address or a host name to listen at. */
export const hostSetting = z
  .string()
  .refine(
    (text) => isIP(text) !== 0 || (HOST_NAME.test(text) && URL.canParse(`http://${text}`)),
    'must be an IP address, without brackets, or a host name',
  )
  .default('127.0.0.1');

/** Whether a server at this address listens at every address of the machine. */
export function isAnyAddress(host: string): boolean {
  return ANY_ADDRESS.has(urlOf(host).hostname);
}

/** The URL at which this machine reaches a server that listens at `host`. */
export function localUrl(host: string, port: number): URL {
  const url = urlOf(isAnyAddress(host) ? 'localhost' : host);
  url.port = String(port);
  return url;
}

/** The URL of a host, without its zone, which a URL cannot hold. */
function urlOf(host: string): URL {
  return new URL(`http://${host.includes(':') ? `[${host.replace(/%.*/, '')}]` : host}`);
}

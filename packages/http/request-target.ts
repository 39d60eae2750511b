import type { IncomingMessage } from 'node:http';
import { DomainError } from '@terse/core/errors';

const HOST = /^(?:[\w.~!$&'()*+,;=%-]+|\[[\da-f:.]+\])(?::\d{0,5})?$/i;
/** A cache of one: a server has few names, so most requests repeat the last valid host. */
let lastGoodHost = '';

const NO_HOST = new DomainError(
  'malformed_request',
  'A request of HTTP/1.1 has a Host header (RFC 9112, 3.2).',
);
const HOSTS = new DomainError('malformed_request', 'A request has one Host header.');
const NOT_A_HOST = new DomainError('malformed_request', 'The Host header is not the name of a host.');

/** The fault of the Host header, if any; HTTP/1.0 needs none (RFC 9112, section 3.2). */
export function hostFault({ headers, rawHeaders, httpVersion }: IncomingMessage): DomainError | undefined {
  const { host } = headers;
  if (host === undefined) return httpVersion === '1.0' ? undefined : NO_HOST;
  if (host !== lastGoodHost) {
    if (!HOST.test(host)) return NOT_A_HOST;
    lastGoodHost = host;
  }
  return countHosts(rawHeaders) === 1 ? undefined : HOSTS;
}

/** Counts in `rawHeaders`, because `headers` keeps the first only. */
function countHosts(rawHeaders: readonly string[]): number {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  return hosts;
}

/** Collapses slashes at either end of a path: `//code` and `/code//` lead where `/code` leads. */
export function withoutEmptySegments(target: string): string {
  if (!target.includes('//') || !target.startsWith('/')) return target;
  const end = /[?#]|$/.exec(target)?.index ?? target.length;
  const path = target
    .slice(0, end)
    .replace(/^\/{2,}/, '/')
    .replace(/\/{2,}$/, '/');
  return path + target.slice(end);
}

import type { IncomingMessage } from 'node:http';
import { DomainError } from '@terse/core/errors';

const HOST = /^(?:[\w.~!$&'()*+,;=%-]+|\[[\da-f:.]+\])(?::\d{0,5})?$/i;
/** One server has few names: the one that was found good last is not looked at again. */
let lastGoodHost = '';

const NO_HOST = new DomainError(
  'malformed_request',
  'A request of HTTP/1.1 has a Host header (RFC 9112, 3.2).',
);
const HOSTS = new DomainError('malformed_request', 'A request has one Host header.');
const NOT_A_HOST = new DomainError('malformed_request', 'The Host header is not the name of a host.');

/** What is wrong with the Host of a request; HTTP/1.0 needs none (RFC 9112, section 3.2). */
export function hostFault({ headers, rawHeaders, httpVersion }: IncomingMessage): DomainError | undefined {
  const { host } = headers;
  if (host === undefined) return httpVersion === '1.0' ? undefined : NO_HOST;
  if (host !== lastGoodHost) {
    if (!HOST.test(host)) return NOT_A_HOST;
    lastGoodHost = host;
  }
  return countHosts(rawHeaders) === 1 ? undefined : HOSTS;
}

/** `headers` has the first one only. */
function countHosts(rawHeaders: readonly string[]): number {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  return hosts;
}

/** `//code` and `/code//` lead where `/code` leads: slashes at either end of a path count once. */
export function withoutEmptySegments(target: string): string {
  if (!target.includes('//') || !target.startsWith('/')) return target;
  const end = /[?#]|$/.exec(target)?.index ?? target.length;
  const path = target
    .slice(0, end)
    .replace(/^\/{2,}/, '/')
    .replace(/\/{2,}$/, '/');
  return path + target.slice(end);
}

import type { IncomingMessage } from 'node:http';
import { DomainError } from '@terse/core/errors';
import { countHeaders } from './request-header.ts';

const HOST = /^(?:[\w.~!$&'()*+,;=%-]+|\[[\da-f:.]+\])(?::\d{0,5})?$/i;
/** The last valid host. A server has few names, so most requests repeat it. */
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
  return countHeaders(rawHeaders, 'host') === 1 ? undefined : HOSTS;
}

const ORIGIN = /^https?:\/\/[^/?#]*/i;

/**
 * `//code` and `/code//` lead where `/code` leads: slashes at either end of a path count once. The scheme and host of a
 * whole URL (RFC 9112, section 3.2.2) are written in lower case.
 */
export function withoutEmptySegments(target: string): string {
  if (!target.includes('//')) return target;
  const [origin = ''] = target.startsWith('/') ? [] : (ORIGIN.exec(target) ?? []);
  if (origin === '' && !target.startsWith('/')) return target;
  const end = /[?#]|$/.exec(target)?.index ?? target.length;
  const path = target
    .slice(origin.length, end)
    .replace(/^\/{2,}/, '/')
    .replace(/\/{2,}$/, '/');
  return origin.toLowerCase() + path + target.slice(end);
}

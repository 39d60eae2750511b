import { TEST_API_KEY } from '@terse/runtime/services/test-services';

export const HOST = 'Host: go.example\r\n';
const KEY = `${HOST}Authorization: Bearer ${TEST_API_KEY}\r\n`;
const JSON_TYPE = 'Content-Type: application/json\r\n';
const LINK = JSON.stringify({ original_url: 'https://example.com/' });
const BULK = JSON.stringify({
  links: Array.from({ length: 1000 }, (_, index) => ({
    original_url: `https://example.com/${index}/${'x'.repeat(1000)}`,
  })),
});
const chunked = (body: string) => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
const post = (headers: string, body: string, path = '/api/v1/links') =>
  `POST ${path} HTTP/1.1\r\n${KEY}${JSON_TYPE}${headers}\r\n${body}`;
const length = (body: string) => `Content-Length: ${body.length}\r\n`;

/** Raw requests with the status of the last answer. */
export const REQUESTS: Record<string, readonly [status: number, bytes: string]> = {
  'a visit': [307, `GET /spring HTTP/1.1\r\n${HOST}\r\n`],
  HEAD: [307, `HEAD /spring HTTP/1.1\r\n${HOST}\r\n`],
  'HTTP/1.0 without Host': [307, 'GET /spring HTTP/1.0\r\n\r\n'],
  'HTTP/1.0 with Host': [307, `GET /spring HTTP/1.0\r\n${HOST}\r\n`],
  'a whole URL': [307, `GET http://go.example/spring HTTP/1.1\r\n${HOST}\r\n`],
  'two slashes': [307, `GET //spring HTTP/1.1\r\n${HOST}\r\n`],
  'many slashes': [307, `GET ////spring?a=//b HTTP/1.1\r\n${HOST}\r\n`],
  'a slash behind': [307, `GET /spring/ HTTP/1.1\r\n${HOST}\r\n`],
  'slashes behind': [307, `GET /spring//?x HTTP/1.1\r\n${HOST}\r\n`],
  'a dot segment': [307, `GET /./spring HTTP/1.1\r\n${HOST}\r\n`],
  'Upgrade to h2c': [
    307,
    `GET /spring HTTP/1.1\r\n${HOST}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`,
  ],
  'Upgrade to websocket': [
    307,
    `GET /spring HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\r\n`,
  ],
  'Keep-Alive, TE and Trailer': [
    307,
    `GET /spring HTTP/1.1\r\n${HOST}Connection: keep-alive, TE\r\nKeep-Alive: timeout=5\r\nTE: trailers\r\nTrailer: X\r\nProxy-Connection: keep-alive\r\n\r\n`,
  ],
  'GET with a body': [307, `GET /spring HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhello`],
  'GET with a chunked body': [
    307,
    `GET /spring HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${chunked('hello')}`,
  ],
  'GET with Content-Length: 0': [307, `GET /spring HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n`],
  'HEAD with a body': [307, `HEAD /spring HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhello`],
  'Expect: 100-continue on a visit': [307, `GET /spring HTTP/1.1\r\n${HOST}Expect: 100-continue\r\n\r\n`],
  'two of a header': [307, `GET /spring HTTP/1.1\r\n${HOST}User-Agent: a\r\nUser-Agent: b\r\n\r\n`],
  'a header in UTF-8': [
    307,
    `GET /spring HTTP/1.1\r\n${HOST}Referer: https://z\u00c3\u00bcrich.example/\r\n\r\n`,
  ],
  'POST to the home page': [405, `POST / HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n`],
  'two Authorizations': [
    401,
    `GET /api/v1/links HTTP/1.1\r\n${KEY}Authorization: Bearer another-key-0123456789\r\n\r\n`,
  ],
  TRACE: [405, `TRACE /spring HTTP/1.1\r\n${HOST}\r\n`],
  OPTIONS: [405, `OPTIONS /spring HTTP/1.1\r\n${HOST}\r\n`],
  'POST to a code': [405, `POST /spring HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n`],
  PROPFIND: [405, `PROPFIND /spring HTTP/1.1\r\n${HOST}\r\n`],
  CONNECT: [405, `CONNECT go.example:443 HTTP/1.1\r\n${HOST}\r\n`],
  'a code that is none': [404, `GET /%zz HTTP/1.1\r\n${HOST}\r\n`],
  'an internal address': [404, `GET /.metrics HTTP/1.1\r\n${HOST}\r\n`],
  'an internal address, spelt otherwise': [404, `GET /x/../%2emetrics HTTP/1.1\r\n${HOST}\r\n`],
  'an event': [404, `POST /.events HTTP/1.1\r\n${HOST}Content-Length: 2\r\n\r\n{}`],
  'OPTIONS *': [400, `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`],
  'HTTP/1.1 without Host': [400, 'GET /spring HTTP/1.1\r\n\r\n'],
  'two Hosts': [400, `GET /spring HTTP/1.1\r\n${HOST}${HOST}\r\n`],
  'two Hosts in HTTP/1.0': [400, `GET /spring HTTP/1.0\r\n${HOST}${HOST}\r\n`],
  'a Host that is none': [400, 'GET /spring HTTP/1.1\r\nHost: a b\r\n\r\n'],
  'a Host with a path': [400, 'GET /spring HTTP/1.1\r\nHost: a/b\r\n\r\n'],
  'an empty Host': [400, 'GET /spring HTTP/1.1\r\nHost:\r\n\r\n'],
  'a method that nobody knows': [400, `FROB /spring HTTP/1.1\r\n${HOST}\r\n`],
  'no request at all': [400, 'hello\r\n\r\n'],
  'a TLS handshake': [400, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  'HTTP/2': [400, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  'a space in the address': [400, `GET /a b HTTP/1.1\r\n${HOST}\r\n`],
  'a backslash in the address': [400, `GET /a\\b HTTP/1.1\r\n${HOST}\r\n`],
  'a folded header': [400, `GET /spring HTTP/1.1\r\n${HOST}X-A: a\r\n b\r\n\r\n`],
  'two lengths': [400, post('Content-Length: 1\r\nContent-Length: 2\r\n', 'xy')],
  'a length and chunks': [400, post('Content-Length: 1\r\nTransfer-Encoding: chunked\r\n', chunked('x'))],
  'a chunk that is none': [400, post('Transfer-Encoding: chunked\r\n', 'zz\r\nhello\r\n')],
  'an address that is too long': [414, `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n${HOST}\r\n`],
  'headers that are too long': [431, `GET /spring HTTP/1.1\r\n${HOST}X: ${'a'.repeat(20_000)}\r\n\r\n`],
  'something else expected': [417, post(`${length(LINK)}Expect: 200-ok\r\n`, LINK)],
  'a new link': [201, post(length(LINK), LINK)],
  'a new link in chunks': [201, post('Transfer-Encoding: chunked\r\n', chunked(LINK))],
  'a new link, Expect: 100-continue': [201, post(`${length(LINK)}Expect: 100-continue\r\n`, LINK)],
  '1,000 links, Expect: 100-continue': [
    201,
    post(`${length(BULK)}Expect: 100-continue\r\n`, BULK, '/api/v1/bulk/links'),
  ],
  'a body that is too large': [413, post('Content-Length: 99999999\r\n', LINK)],
  'a new link without a body': [400, post('Content-Length: 0\r\n', '')],
  'DELETE with a body': [404, `DELETE /api/v1/links/none HTTP/1.1\r\n${KEY}Content-Length: 5\r\n\r\nhello`],
  'OPTIONS of the API': [405, `OPTIONS /api/v1/links HTTP/1.1\r\n${KEY}\r\n`],
  'POST to what the API does not have': [404, post('Content-Length: 2\r\n', '{}', '/api/v1/nothing')],
  'TRACE of the API': [401, `TRACE /api/v1/links HTTP/1.1\r\n${HOST}\r\n`],
};

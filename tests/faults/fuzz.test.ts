import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type StandaloneProcess, startStandalone } from '../../harness/processes/standalone-process.ts';
import { brokenPromises } from './broken-promises.ts';

const RUNS = 300;

const MAX_GROWTH_BYTES = 200 * 1024 * 1024;

let directory: string;
let terse: StandaloneProcess;
let residentBefore: number;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'terse-fuzz-'));
  terse = await startStandalone(directory);
  residentBefore = await residentBytes();
});
afterAll(async () => {
  await terse.end('SIGKILL');
  await rm(directory, { recursive: true });
});

const json = fc.jsonValue({ maxDepth: 3 });
/** Almost a link: the interesting faults are close to valid requests. */
const nearlyLink = fc.record(
  {
    original_url: fc.oneof(
      fc.webUrl(),
      fc.webUrl({ withFragments: true, withQueryParameters: true }),
      fc.string(),
      json,
    ),
    short_code: fc.oneof(
      fc.string({ unit: 'binary', maxLength: 70 }),
      fc.stringMatching(/^[\w-]{1,64}$/),
      json,
    ),
    title: fc.oneof(fc.string({ unit: 'binary' }), fc.constant(null), json),
    tags: fc.oneof(fc.array(fc.string({ unit: 'grapheme' })), json),
    expires_at: fc.oneof(
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      fc.string(),
      fc.constant('9999-12-31T23:59:59Z'),
      json,
    ),
    redirect_status: fc.oneof(fc.constantFrom(301, 302, 307, 308), json),
    pinned: fc.oneof(fc.boolean(), json),
  },
  { requiredKeys: [] },
);

const FIELDS = ['original_url', 'short_code', 'title', 'tags', 'expires_at', 'redirect_status', 'pinned'];
const PARAMETERS = ['limit', 'cursor', 'tag', 'search', 'deleted', 'from', 'to', 'interval'];

const namesIn = (body: unknown) => [...FIELDS, ...Object.keys(Object(body) as object)];

test('any body posted as a link is created or refused with a reason', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(nearlyLink, json), async (body) => {
      expect(await brokenPromises(await terse.call('POST', '/api/v1/links', body), namesIn(body))).toEqual(
        [],
      );
    }),
    { numRuns: RUNS },
  );
});

test('any body posted as many links is created or refused with the names of the wrong fields', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(nearlyLink, json), { maxLength: 3 }), async (links) => {
      expect(
        await brokenPromises(await terse.call('POST', '/api/v1/bulk/links', { links }), ['links']),
      ).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});

test('after any change a link can be read, listed and followed', async () => {
  await terse.call('POST', '/api/v1/links', { original_url: 'https://example.com/', short_code: 'fuzzed' });
  await fc.assert(
    fc.asyncProperty(nearlyLink, async (changes) => {
      expect(
        await brokenPromises(await terse.call('PATCH', '/api/v1/links/fuzzed', changes), namesIn(changes)),
      ).toEqual([]);
      expect((await terse.call('GET', '/api/v1/links/fuzzed')).status).toBe(200);
      expect((await terse.call('GET', '/api/v1/links?search=fuzzed')).status).toBe(200);
      expect([301, 302, 307, 308, 410]).toContain((await terse.call('GET', '/fuzzed')).status);
    }),
    { numRuns: RUNS },
  );
});

test('any bytes of any content type are answered', async () => {
  const type = fc.oneof(
    fc.constantFrom(
      'application/json',
      'application/json; charset=utf-8',
      'application/json; charset=latin1',
      'application/merge-patch+json',
    ),
    fc.stringMatching(/^[\x20-\x7E]{0,40}$/),
  );
  const nearlyJson = fc
    .tuple(nearlyLink, fc.nat(), fc.uint8Array({ maxLength: 4 }))
    .map(([link, at, bytes]) => {
      const whole = Buffer.from(JSON.stringify(link));
      const place = at % whole.length;
      return Buffer.concat([whole.subarray(0, place), bytes, whole.subarray(place)]);
    });
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    nearlyJson,
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('POST', 'PATCH'), type, body, async (method, contentType, bytes) => {
      const path = method === 'POST' ? '/api/v1/links' : '/api/v1/links/fuzzed';
      const response = await terse.send(method, path, Uint8Array.from(bytes), {
        'Content-Type': contentType,
      });
      expect(await brokenPromises(response)).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});

test('any path and query is answered', async () => {
  const segment = fc
    .string({ unit: 'binary', maxLength: 80 })
    .map((text) => encodeURIComponent(text.toWellFormed()));
  const path = fc.oneof(
    segment,
    segment.map((each) => `api/v1/links/${each}`),
    segment.map((each) => `api/v1/links/${each}/stats`),
    segment.map((each) => `api/v1/links/${each}/stats/visits`),
    fc.constantFrom('api/v1/links/fuzzed/stats', 'api/v1/links/fuzzed/stats/visits'),
  );
  const cursor = fc
    .oneof(json, fc.tuple(fc.date({ noInvalidDate: true }).map(String), fc.string({ unit: 'binary' })))
    .map((value) => Buffer.from(JSON.stringify(value)).toString('base64url'));
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.integer().map(String),
    fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    cursor,
  );
  const query = fc.array(fc.tuple(fc.constantFrom(...PARAMETERS, 'x', '__proto__'), value), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(path, query, async (to, parameters) => {
      const search = parameters
        .map(([name, text]) => `${name}=${encodeURIComponent(text.toWellFormed())}`)
        .join('&');
      const names = [...PARAMETERS, ...parameters.map(([name]) => name)];
      expect(await brokenPromises(await terse.call('GET', `/${to}?${search}`), names)).toEqual([]);
      expect(await brokenPromises(await terse.call('GET', `/api/v1/links?${search}`), names)).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});

test('any bytes on the wire are answered, or the connection is closed', async () => {
  const header = fc.tuple(
    fc.constantFrom(
      'User-Agent',
      'Referer',
      'Accept',
      'X-Forwarded-For',
      'X-Request-Id',
      'Authorization',
      'Host',
      'Content-Length',
    ),
    fc.uint8Array({ maxLength: 200 }),
  );
  const requests = fc.oneof(
    fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
    fc
      .tuple(fc.uint8Array({ maxLength: 50 }), fc.array(header, { maxLength: 4 }))
      .map(([path, headers]) =>
        Buffer.concat([
          Buffer.from('GET /'),
          path,
          Buffer.from(' HTTP/1.1\r\nHost: x\r\n'),
          ...headers.flatMap(([name, value]) => [Buffer.from(`${name}: `), value, Buffer.from('\r\n')]),
          Buffer.from('\r\n'),
        ]),
      ),
  );
  await fc.assert(
    fc.asyncProperty(requests, async (bytes) => {
      expect(await exchange(bytes)).not.toMatch(/^HTTP\/1\.1 5/);
    }),
    { numRuns: RUNS },
  );
});

test('after all that the process holds no more memory than before, except garbage of the heap', async () => {
  expect((await residentBytes()) - residentBefore).toBeLessThan(MAX_GROWTH_BYTES);
});

test('after all that nothing unexpected was logged, and the process stops in order', async () => {
  expect((await fetch(`${terse.internalUrl}/.ready`)).status).toBe(200);
  expect(await terse.end('SIGTERM')).toBe(0);
  expect(terse.output()).not.toContain('"level":50');
});

async function residentBytes(): Promise<number> {
  const metrics = await (await fetch(`${terse.internalUrl}/.metrics`)).text();
  return Number(/^process_resident_memory_bytes (\d+)/m.exec(metrics)?.[1]);
}

/** Sends the bytes and the end of an open request. @returns the beginning of the answer, empty without one. */
function exchange(bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(terse.url).port), '127.0.0.1');
    let answer = '';
    socket.setTimeout(2000, () => socket.destroy());
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      socket.end();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
    socket.write(bytes);
    socket.end('\r\n\r\n');
  });
}

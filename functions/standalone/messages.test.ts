import { createCounterFlushApp } from '@terse/counter-flush/app';
import type { NewLink } from '@terse/core/links/new-link';
import { createLinksApp } from '@terse/links/app';
import { openTestServices, TEST_API_KEY, type TestServices } from '@terse/runtime/services/test-services';
import { createStatsApp } from '@terse/stats/app';
import { createVisitWriterApp } from '@terse/visit-writer/app';
import fc from 'fast-check';
import type { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** Phrases of zod and V8. */
const LIBRARY =
  /invalid (?:input|option|string|uuid|iso)|expected|received|too (?:big|small)|unrecognized|in JSON at|<=|>=/i;
const OURS = /^(?:must|is|has) [^A-Z]/;

interface Problem {
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
}

let services: TestServices;
let apps: Readonly<Record<'links' | 'stats' | 'writer' | 'flush', Hono>>;
beforeAll(async () => {
  services = await openTestServices();
  await services.linkService.shorten({ original_url: 'https://example.com/', short_code: 'there' });
  apps = {
    links: createLinksApp(services),
    stats: createStatsApp(services),
    writer: createVisitWriterApp(services),
    flush: createCounterFlushApp(services),
  };
});
afterAll(() => services.close());

async function problemOf(
  app: Hono,
  method: string,
  path: string,
  body?: string,
): Promise<Problem | undefined> {
  const headers = { Authorization: `Bearer ${TEST_API_KEY}`, 'Content-Type': 'application/json' };
  const response = await app.request(path, { method, headers, ...(body !== undefined && { body }) });
  return response.ok ? undefined : ((await response.json()) as Problem);
}

function expectOurWords(problem: Problem | undefined): void {
  if (!problem) return;
  expect(problem.status).toBeLessThan(500);
  expect(problem.detail).not.toMatch(LIBRARY);
  for (const { message } of problem.errors ?? []) {
    expect(message).toMatch(OURS);
    expect(message).not.toMatch(LIBRARY);
  }
}

const LINK = {
  original_url: 'https://example.com/',
  short_code: 'x',
  title: 'a',
  tags: ['a'],
  expires_at: '2999-01-01T00:00:00Z',
  redirect_status: 307,
  pinned: true,
} satisfies Record<keyof NewLink, unknown>;
const MESSAGE = { body: '[]', headers: {} };
const RMQ = { data: '', basicProperties: { headers: {} } };

/** Each address that takes a body, with a valid body. */
const BODIES = [
  ['links', 'POST', '/api/v1/links', LINK],
  ['links', 'POST', '/api/v1/bulk/links', { links: [LINK] }],
  ['links', 'PATCH', '/api/v1/links/there', LINK],
  ['writer', 'POST', '/.events', { messages: [MESSAGE] }],
  ['writer', 'POST', '/.events', { eventSource: 'aws:rmq', rmqMessagesByQueue: { visits: [RMQ] } }],
  ['flush', 'POST', '/.events', { task: 'flush', grace_ms: 0 }],
] as const;

const WRONG: readonly unknown[] = [
  undefined,
  null,
  true,
  0,
  -1,
  1.5,
  1e300,
  '',
  ' ',
  '\0',
  'x',
  'x'.repeat(9000),
  [],
  {},
  { __proto__: null, no_such_field: 1 },
  Array.from({ length: 25 }, (_, index) => `tag-${index}`),
  Array.from({ length: 25 }, () => null),
];

/** Every wrong value in every place of a valid one. */
function* corrupted(value: unknown): Generator {
  yield* WRONG;
  if (typeof value !== 'object' || value === null) return;
  for (const key of Object.keys(value)) {
    for (const other of corrupted((value as Record<string, unknown>)[key])) {
      yield Array.isArray(value) ? [other] : { ...value, [key]: other };
    }
  }
  if (!Array.isArray(value)) yield { ...value, no_such_field: 1 };
}

test.each(BODIES)(
  '%s: describes the faults in a body of %s %s in our words',
  async (name, method, path, body) => {
    let refused = 0;
    for (const wrong of corrupted(body)) {
      const problem = await problemOf(apps[name], method, path, JSON.stringify(wrong) ?? '');
      if (problem) refused++;
      expectOurWords(problem);
    }
    expect(refused).toBeGreaterThan(20);
  },
);

describe('describes the faults in a query in our words', () => {
  const PARAMETERS = ['limit', 'cursor', 'tag', 'search', 'deleted', 'from', 'to', 'interval', 'no_such'];
  const value = fc.oneof(
    fc.constantFrom(
      '',
      '0',
      '01',
      '-1',
      '1.5',
      '101',
      '9'.repeat(30),
      'x'.repeat(9000),
      '2999-01-01T00:00:00Z',
    ),
    fc.constantFrom('2026-01-01', '3000-01-01T00:00:00Z', 'year', 'null', '\0', '%'),
    fc.string(),
  );
  const query = fc.array(fc.tuple(fc.constantFrom(...PARAMETERS), value), { minLength: 1, maxLength: 4 });

  test.each([
    ['links', '/api/v1/links'],
    ['links', '/api/v1/links/there'],
    ['stats', '/api/v1/links/there/stats'],
    ['stats', '/api/v1/links/there/stats/visits'],
  ] as const)('%s: %s', async (name, path) => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(query, async (pairs) => {
        const problem = await problemOf(
          apps[name],
          'GET',
          `${path}?${new URLSearchParams(pairs).toString()}`,
        );
        if (problem) refused++;
        expectOurWords(problem);
      }),
    );
    expect(refused).toBeGreaterThan(0);
  });
});

test.each([
  ['original_url', 'x'.repeat(9000), 'must have at most 8192 characters'],
  ['original_url', undefined, 'must be given'],
  ['original_url', 5, 'must be text'],
  ['expires_at', '2999-01-01', 'must be a time such as 2027-06-01T00:00:00Z, with seconds and an offset'],
  [
    'expires_at',
    '2999-01-01T00:00Z',
    'must be a time such as 2027-06-01T00:00:00Z, with seconds and an offset',
  ],
  [
    'expires_at',
    '2999-01-01T00:00:00',
    'must be a time such as 2027-06-01T00:00:00Z, with seconds and an offset',
  ],
  ['expires_at', 1_790_000_000, 'must be a time such as 2027-06-01T00:00:00Z, with seconds and an offset'],
  ['expires_at', '2001-01-01T00:00:00Z', 'must be in the future'],
  ['redirect_status', 300, 'must be 301, 302, 307 or 308'],
  ['tags', 'a', 'must be a list'],
  ['tags', Array.from({ length: 21 }, () => 'a'), 'must have at most 20 items'],
  ['pinned', 'yes', 'must be true or false'],
])('a link with %s %j: %s', async (field, value, message) => {
  const problem = await problemOf(
    apps.links,
    'POST',
    '/api/v1/links',
    JSON.stringify({ ...LINK, [field]: value }),
  );
  expect(problem?.errors).toEqual([{ field, message }]);
});

test.each([
  ['links', '/api/v1/links?limit=01', 'limit', 'must be a whole number without zeros before it'],
  ['links', '/api/v1/links?limit=101', 'limit', 'must be at most 100'],
  ['links', '/api/v1/links?limit=99999999999999999999', 'limit', 'must be at most 100'],
  ['links', '/api/v1/links?deleted=all', 'deleted', 'must be exclude, include or only'],
  ['links', '/api/v1/links?cursor=x', 'cursor', 'is not a cursor that this API gave'],
  ['stats', '/api/v1/links/there/stats?interval=year', 'interval', 'must be hour, day, week or month'],
  ['stats', '/api/v1/links/there/stats?from=2998-01-01T00:00:00Z', 'from', 'must not be in the future'],
  [
    'stats',
    '/api/v1/links/there/stats?from=2998-01-01T00:00:00Z&to=2999-01-01T00:00:00Z',
    'from',
    'must not be in the future',
  ],
  [
    'stats',
    '/api/v1/links/there/stats/visits?limit=01',
    'limit',
    'must be a whole number without zeros before it',
  ],
  ['stats', '/api/v1/links/there/stats/visits?cursor=x', 'cursor', 'is not a cursor that this API gave'],
] as const)('%s %s: %s %s', async (name, path, field, message) => {
  expect((await problemOf(apps[name], 'GET', path))?.errors).toEqual([{ field, message }]);
});

test.each([
  ['', 'The body is empty.'],
  ['nope', 'The body is not JSON.'],
  ['{"a":1,}', 'The body is not JSON: it cannot be read from character 8 on.'],
])('a body of %j is refused in our words', async (body, detail) => {
  expect((await problemOf(apps.links, 'POST', '/api/v1/links', body))?.detail).toBe(detail);
});

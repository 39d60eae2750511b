import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { runInNewContext } from 'node:vm';
import { serve } from '@terse/http/serve';
import { createGatewayApp, type Origin, originOfEach } from '@terse/gateway/app';
import { manifest as gatewayManifest } from '@terse/gateway/manifest';
import fc from 'fast-check';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { pascal } from '../../infra/resource-name.ts';
import { readPlan } from './plans.ts';

type Answer = { readonly statusCode?: number; readonly uri?: string };

const handle = runInNewContext(`${readFileSync('infra/edge-function.js', 'utf8')}; handler`) as (event: {
  request: { uri: string };
}) => Answer;
const isRefused = (uri: string) => handle({ request: { uri } }).statusCode === 404;

describe('the function at CloudFront', () => {
  const opened: { close: () => Promise<void>; port: number } = { close: () => Promise.resolve(), port: 0 };
  beforeAll(async () => {
    const internal = new Hono({ strict: false })
      .get('/:path{\\..*}', (c) => c.text('internal'))
      .notFound((c) => c.text('other'));
    const server = await serve(internal, { host: '127.0.0.1', port: 0 });
    Object.assign(opened, { port: server.port, close: () => server.close(100) });
  });
  afterAll(() => opened.close());

  /** Sends the raw path, which `fetch` would normalize. */
  function isInternal(path: string): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: opened.port, path, agent: false };
      request(options, (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => resolve(body === 'internal'));
      })
        .on('error', reject)
        .end();
    });
  }

  test.each([
    '/.live',
    '/.events',
    '/%2elive',
    '/%2Emetrics',
    '/./.live',
    '/x/../.live',
    '/x\\..\\.live',
    '//.live',
    '/a/%2e%2e/.live',
  ])('refuses %s', (uri) => {
    expect(isRefused(uri)).toBe(true);
  });

  test.each([
    '/',
    '/spring',
    '/a_B-9',
    '/favicon.ico',
    '/api/v1/links',
    '/api/v1/links/spring/stats/visits',
    '/a.b',
  ])('lets %s through as it is', (uri) => {
    expect(handle({ request: { uri } })).toEqual({ uri });
  });

  test('refuses every spelling of an internal path that a function would answer', async () => {
    const piece = fc.constantFrom(
      '/',
      '\\',
      '.',
      '%2e',
      '%2E',
      '%2f',
      '%5c',
      'live',
      'x',
      ';',
      '%252e',
      '..',
    );
    const path = fc.array(piece, { minLength: 1, maxLength: 8 }).map((pieces) => `/${pieces.join('')}`);
    await fc.assert(
      fc.asyncProperty(path, async (uri) => {
        expect(isRefused(uri) || !(await isInternal(uri))).toBe(true);
      }),
      { numRuns: 1500 },
    );
    expect(await isInternal('/%2elive'), 'the server answers another spelling').toBe(true);
  });
});

describe('the load balancer', () => {
  const plan = readPlan(inject('plans').dev);
  const named = (name: string): Origin => ({ fetch: () => new Response(name) });
  const log = { info: () => {}, error: () => {} };
  const gateway = createGatewayApp({ log, ...originOfEach(named) });

  /** Returns the rule that the load balancer chooses: the first match. */
  function balanced(path: string): string {
    const rules = plan
      .of('lb/listenerRule')
      .toSorted((a, b) => Number(a.inputs['priority']) - Number(b.inputs['priority']));
    const rule = rules.find(({ inputs }) => {
      const [condition] = inputs['conditions'] as { pathPattern: { values: string[] } }[];
      return condition?.pathPattern.values.some((pattern) => matches(pattern, path));
    });
    return rule?.name ?? 'nobody';
  }

  const PATHS = {
    '/': 'redirect',
    '/spring': 'redirect',
    '/api': 'links',
    '/apis': 'redirect',
    '/api/v1/links': 'links',
    '/api/v1/links/spring': 'links',
    '/api/v1/links/stats': 'links',
    '/api/v1/links/spring/restore': 'links',
    '/api/v1/links/spring/stats': 'stats',
    '/api/v1/links/spring/stats/visits': 'stats',
  };

  test.each(Object.entries(PATHS))('routes %s as the gateway does, to %s', async (path, name) => {
    expect(balanced(path)).toBe(`${pascal(name)}Route`);
    expect(await (await gateway.request(path)).text()).toBe(name);
  });

  test('matches longer routes first, as the gateway does', () => {
    const longest = (routes: readonly string[]) => Math.max(...routes.map((route) => route.length));
    const byLength = gatewayManifest.forwardsTo.toSorted((a, b) => longest(b.routes) - longest(a.routes));
    const priorities = byLength.map(({ name, routes }) => {
      const { inputs } = plan.one('lb/listenerRule', `${pascal(name)}Route`);
      return [longest(routes), Number(inputs['priority'])] as const;
    });
    expect(priorities.length).toBeGreaterThan(2);
    for (const [length, priority] of priorities) {
      const later = priorities.filter(([other]) => other < length);
      for (const [, other] of later) expect(priority).toBeLessThan(other);
    }
  });

  test('refuses internal paths, too', () => {
    for (const path of ['/.live', '/%2elive', '/%2Elive', '/x/../.live']) {
      expect(balanced(path)).toBe('RefuseInternalPaths');
    }
  });
});

describe('the firewall', () => {
  const plan = readPlan(inject('plans').production);
  const { rules } = plan.one('wafv2/webAcl', 'Firewall').inputs as unknown as { rules: readonly Rule[] };
  const limited = rules.flatMap(({ statement: { rateBasedStatement } }) => rateBasedStatement ?? []);

  test.each([
    ['/spring', 100_000],
    ['/', 100_000],
    ['/apis', 100_000],
    ['/API', 100_000],
    ['/api', 2000],
    ['/api/v1/links', 2000],
    ['/api/v1/links/spring/stats', 2000],
  ])('accepts %s from one address this often in five minutes: %i', (path, limit) => {
    const counting = limited.filter(({ scopeDownStatement }) => holds(scopeDownStatement, path));
    expect(counting).toMatchObject([{ limit, aggregateKeyType: 'IP', evaluationWindowSec: 300 }]);
  });

  test('has another priority for each rule', () => {
    const priorities = rules.map(({ priority }) => priority);
    expect(new Set(priorities).size).toBe(priorities.length);
  });
});

test('browsers come back over HTTPS', () => {
  const plan = readPlan(inject('plans').production);
  const { defaultCacheBehavior } = plan.one('cloudfront/distribution', 'Edge').inputs;
  expect(defaultCacheBehavior).toMatchObject({ responseHeadersPolicyId: 'OverHttpsOnly-id' });
  expect(plan.one('cloudfront/responseHeadersPolicy', 'OverHttpsOnly').inputs).toMatchObject({
    securityHeadersConfig: {
      strictTransportSecurity: { accessControlMaxAgeSec: 31_536_000, override: true },
    },
  });
});

interface Statement {
  readonly orStatement?: { readonly statements: readonly Statement[] };
  readonly notStatement?: { readonly statements: readonly Statement[] };
  readonly byteMatchStatement?: {
    readonly positionalConstraint: string;
    readonly searchString: string;
  };
}

interface Rule {
  readonly priority: number;
  readonly statement: {
    readonly rateBasedStatement?: { readonly scopeDownStatement: Statement };
  };
}

/** Evaluates a statement of the firewall for a path. */
function holds({ orStatement, notStatement, byteMatchStatement }: Statement, path: string): boolean {
  if (orStatement) return orStatement.statements.some((statement) => holds(statement, path));
  if (notStatement) return !notStatement.statements.some((statement) => holds(statement, path));
  const { positionalConstraint, searchString } = byteMatchStatement ?? {
    positionalConstraint: '',
    searchString: '',
  };
  if (positionalConstraint === 'EXACTLY') return path === searchString;
  return positionalConstraint === 'STARTS_WITH' && path.startsWith(searchString);
}

/** Matches a path as a load balancer does: `*` is any text, `?` one character. */
function matches(pattern: string, path: string): boolean {
  const expression = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${expression}$`).test(path);
}

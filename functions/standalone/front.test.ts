import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import fc from 'fast-check';
import { Hono } from 'hono';
import { expect, test, vi } from 'vitest';
import { createGatewayApp, originOfEach } from '@terse/gateway/app';
import { createFront } from './front.ts';

const ORIGIN = 'http://go.example';
const named = (name: string) => new Hono().all('*', (c) => c.text(`${name} ${c.req.method} ${c.req.path}`));
const redirect = named('redirect');
const gateway = createGatewayApp({
  log: { error: vi.fn(), info: vi.fn() },
  ...originOfEach(named),
  redirect,
});

async function answer(app: Pick<Hono, 'fetch'>, target: string, method = 'GET'): Promise<string> {
  const incoming = new IncomingMessage(new Socket());
  incoming.url = target;
  const request = new Request(ORIGIN + target, { method });
  return (await app.fetch(request, { incoming })).text();
}

const targets = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '/',
        '/api',
        '/api/v1/links',
        '/code',
        '/stats',
        'v1',
        '.',
        '..',
        '%61pi',
        '%2f',
        '?',
        '#',
        '\\',
      ),
      fc.string({ maxLength: 4 }),
    ),
    { maxLength: 6 },
  )
  .map((segments) => `/${segments.join('')}`)
  .filter((target) => URL.canParse(ORIGIN + target));

test('every request target reaches the function that the gateway routes it to', async () => {
  const front = createFront({ gateway, redirect });
  await fc.assert(
    fc.asyncProperty(targets, fc.constantFrom('GET', 'HEAD', 'POST'), async (target, method) => {
      expect(await answer(front, target, method)).toBe(await answer(gateway, target, method));
    }),
    {
      numRuns: 500,
      examples: [
        ['/api', 'GET'],
        ['/api?a', 'GET'],
        ['/apis', 'GET'],
        ['/code/../api/v1/links', 'GET'],
      ],
    },
  );
});

test.each(['/code', '/code?from=mail', '/apis', '/api-docs', '/A_b-9'])(
  'a request for %s goes straight to the redirect',
  async (target) => {
    const front = createFront({ gateway: named('gateway'), redirect });
    expect(await answer(front, target)).toMatch(/^redirect /);
  },
);

test.each(['/', '/api', '/api?x', '/api/v1/links', '/%61pi', '/.events', '/code/'])(
  'a request for %s goes to the gateway',
  async (target) => {
    const front = createFront({ gateway: named('gateway'), redirect });
    expect(await answer(front, target)).toMatch(/^gateway /);
  },
);

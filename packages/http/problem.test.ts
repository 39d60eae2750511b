import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { DomainError } from '@terse/core/errors';
import { createApp } from './create-app.ts';
import { PROBLEM_CODES, problemStatus, problemType } from './problem.ts';

const log = { error: vi.fn(), info: vi.fn() };
function appThatThrows(error: unknown) {
  const app = createApp({ log });
  app.get('/', () => {
    throw error;
  });
  return app;
}

test('every problem has a heading and its status in docs/problems.md, and every heading is a problem', () => {
  const page = readFileSync(new URL('../../docs/problems.md', import.meta.url), 'utf8');
  const told = Array.from(page.matchAll(/^## (\w+)\n\n(\d+)\b/gm), ([, code, status]) => `${code} ${status}`);
  const known = PROBLEM_CODES.map((code) => `${code} ${problemStatus(new DomainError(code, ''))}`);
  expect(told.toSorted()).toEqual(known.toSorted());
});

test('says what is wrong, where, and how to find it in the logs', async () => {
  const error = new DomainError('invalid_request', 'title: is bad', [{ field: 'title', message: 'is bad' }]);
  const response = await appThatThrows(error).request('/', { headers: { 'X-Request-Id': 'abc-123' } });
  expect(response.status).toBe(422);
  expect(response.headers.get('Content-Type')).toBe('application/problem+json');
  expect(response.headers.get('X-Request-Id')).toBe('abc-123');
  expect(await response.json()).toEqual({
    type: problemType('invalid_request'),
    title: 'The request is not valid',
    status: 422,
    detail: 'title: is bad',
    request_id: 'abc-123',
    errors: [{ field: 'title', message: 'is bad' }],
  });
});

test('never shows an unexpected error, and logs it under the id of the answer', async () => {
  const response = await appThatThrows(new Error('password=hunter2')).request('/');
  const text = await response.text();
  expect(response.status).toBe(500);
  expect(text).not.toContain('hunter2');
  const { request_id } = JSON.parse(text) as { request_id: string };
  expect(log.error).toHaveBeenLastCalledWith(expect.objectContaining({ request_id }), 'unexpected error');
});

test('says when to come back while a backing service is down, and logs why', async () => {
  const cause = new Error('connection refused');
  const response = await appThatThrows(new DomainError('unavailable', 'Not now.', [], { cause })).request(
    '/',
  );
  expect(response.status).toBe(503);
  expect(response.headers.get('Retry-After')).toBe('2');
  expect(log.error).toHaveBeenLastCalledWith(expect.objectContaining({ err: cause }), 'Not now.');
});

test('shows a browser a page, with nothing of the request unescaped', async () => {
  const error = new DomainError('link_not_found', '<script>alert(1)</script>');
  const response = await appThatThrows(error).request('/', {
    headers: { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' },
  });
  expect(response.status).toBe(404);
  expect(response.headers.get('Content-Type')).toContain('text/html');
  expect(response.headers.get('Content-Security-Policy')).toContain("default-src 'none'");
  const page = await response.text();
  expect(page).toContain('&lt;script&gt;');
  expect(page).not.toContain('<script>');
});

test.each(['/api/v1/links/none', '/api/none', '/api', '/api/'])(
  'answers in JSON at %s, also to a browser',
  async (path) => {
    const app = createApp({ log });
    app.get('/api/v1/links/:code', () => {
      throw new DomainError('link_not_found', 'none');
    });
    const response = await app.request(path, { headers: { Accept: 'text/html,*/*;q=0.8' } });
    expect(response.status).toBe(404);
    expect(response.headers.get('Content-Type')).toBe('application/problem+json');
  },
);

test('replaces a request id that a log could not show as one word', async () => {
  const headers = { 'X-Request-Id': 'a b "c"' };
  const response = await appThatThrows(new DomainError('unavailable', 'x')).request('/', { headers });
  expect(response.headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/);
});

import { openTestServices, TEST_API_KEY } from '@terse/runtime/services/test-services';
import { expect, onTestFinished, test } from 'vitest';
import { createLinksApp } from './app.ts';

const MB = 1024 * 1024;
/** The limit that `infra/` sets where links run on AWS Lambda. */
const MAX_BODY_BYTES = 128 * 1024;

async function openApp() {
  const services = await openTestServices();
  onTestFinished(() => services.close());
  const app = createLinksApp({ ...services, maxBodyBytes: MAX_BODY_BYTES });
  return async (body: string) => {
    const response = await app.request('/api/v1/bulk/links', {
      method: 'POST',
      headers: { Authorization: `Bearer ${TEST_API_KEY}`, 'Content-Type': 'application/json' },
      body,
    });
    return { status: response.status, text: await response.text() };
  };
}

/** The largest number of links, with the longest total body. */
function fill(link: (padding: string) => object, padding: string): string {
  const body = (times: number) =>
    JSON.stringify({ links: Array.from({ length: 1000 }, () => link(padding.repeat(times))) });
  let times = 0;
  while (Buffer.byteLength(body(times + 1)) <= MAX_BODY_BYTES) times++;
  return body(times);
}

test.each([
  ['addresses that are percent-encoded', (text: string) => ({ original_url: `https://e.eu/${text}` }), 'ü'],
  ['titles in quotation marks', (text: string) => ({ original_url: 'https://e.eu', title: text }), '"'],
])('answers %s with less than the limit of a load balancer for Lambda answers', async (_, link, padding) => {
  const post = await openApp();
  const { status, text } = await post(fill(link, padding));
  expect(status).toBe(201);
  expect(Buffer.byteLength(JSON.stringify({ statusCode: 201, body: text }))).toBeLessThan(MB);
});

test('refuses a body that is too large, and names the limit', async () => {
  const post = await openApp();
  const { status, text } = await post(' '.repeat(MAX_BODY_BYTES + 1));
  expect(status).toBe(413);
  expect(JSON.parse(text)).toMatchObject({ detail: `The body must have at most ${MAX_BODY_BYTES} bytes.` });
});

test('answers a body with thousands of faults within that limit, too', async () => {
  const post = await openApp();
  const wrong = Array.from({ length: 15_000 }, (_, index) => `"${index.toString(36)}":1`).join();
  const body = `{"links":[{${wrong}}]}`;
  expect(Buffer.byteLength(body)).toBeLessThan(MAX_BODY_BYTES);
  const { status, text } = await post(body);
  expect(status).toBe(422);
  expect(Buffer.byteLength(JSON.stringify({ statusCode: 422, body: text }))).toBeLessThan(MB);
});

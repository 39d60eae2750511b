import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { ShortCode } from '@terse/core/links/short-code';
import { type Visit } from '@terse/core/visits/visit';
import { openTestServices, type TestServices } from '@terse/runtime/services/test-services';
import { createVisitWriterApp } from './app.ts';

let services: TestServices;
beforeAll(async () => {
  services = await openTestServices();
  await services.linkService.shorten({ original_url: 'https://example.com/', short_code: 'hello' });
});
afterAll(() => services.close());

const visit = (): Visit => ({
  id: uuidv7(),
  short_code: 'hello' as ShortCode,
  ip: null,
  timestamp: services.clock.now(),
  user_agent: null,
  referrer: null,
  country: null,
  is_bot: false,
});

const message = (...visits: readonly Visit[]) => ({ body: JSON.stringify(visits) });

async function post(body: unknown, app = createVisitWriterApp(services)) {
  const response = await app.request('/.events', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

test('stores a batch once when it is delivered repeatedly, and reports what it did', async () => {
  const orphan = { ...visit(), short_code: 'never' as ShortCode };
  const batch = { messages: [message(visit(), visit()), { body: 'not JSON' }, message(visit(), orphan)] };
  expect(await post(batch)).toEqual({
    status: 200,
    body: { stored: 3, duplicates: 0, orphans: 1, rejected: 1, postponed: 0 },
  });
  expect(await post(batch)).toEqual({
    status: 200,
    body: { stored: 0, duplicates: 4, orphans: 0, rejected: 1, postponed: 0 },
  });
});

test('stores the messages after two that each have one visit twice, in lower and upper case', async () => {
  const twice = visit();
  const poison = message(twice, { ...twice, id: twice.id.toUpperCase() });
  const good = Array.from({ length: 289 }, visit);
  expect(await post({ messages: [poison, poison, message(...good)] })).toMatchObject({
    status: 200,
    body: { stored: 290, duplicates: 3, rejected: 0 },
  });
  expect(await post({ messages: [poison] })).toMatchObject({ body: { stored: 0, duplicates: 2 } });
});

test('answers 500 when it cannot store the batch, so that it is delivered again', async () => {
  const write = vi.fn(() => Promise.reject(new Error('down')));
  const { status } = await post(
    { messages: [message(visit())] },
    createVisitWriterApp({ ...services, writer: { write } }),
  );
  expect(status).toBe(500);
});

test('refuses a body that is no batch', async () => {
  expect((await post({ message: [] })).status).toBe(422);
  expect((await post({ messages: [1] })).status).toBe(422);
});

const fromRabbitmq = (...messages: readonly { readonly body: string }[]) => ({
  eventSource: 'aws:rmq',
  eventSourceArn: 'arn:aws:mq:eu-central-1:123456789012:broker:terse:b-1',
  rmqMessagesByQueue: {
    'visits::/': messages.map(({ body }) => ({
      basicProperties: {
        contentType: 'application/json',
        contentEncoding: 'utf-8',
        headers: {},
        deliveryMode: 2,
        priority: null,
        messageId: '1',
        bodySize: body.length,
      },
      redelivered: false,
      data: Buffer.from(body).toString('base64'),
    })),
  },
});

test('stores an event of AWS Lambda from RabbitMQ, and dead-letters what is no visit', async () => {
  const event = fromRabbitmq(message(visit(), visit()), { body: 'not JSON' }, message(visit()));
  const answer = { stored: 3, duplicates: 0, orphans: 0, rejected: 1, postponed: 0 };
  expect(await post(event)).toEqual({ status: 200, body: answer });
  expect(await post(event)).toEqual({ status: 200, body: { ...answer, stored: 0, duplicates: 3 } });
});

test('refuses a malformed event of AWS Lambda', async () => {
  const event = fromRabbitmq(message(visit()));
  expect((await post({ ...event, eventSource: 'aws:sqs' })).status).toBe(422);
  expect((await post({ ...event, rmqMessagesByQueue: { 'visits::/': [{ data: '%' }] } })).status).toBe(422);
});

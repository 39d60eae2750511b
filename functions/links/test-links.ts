import { openTestServices, TEST_API_KEY, type TestServices } from '@terse/runtime/services/test-services';
import { createLinksApp } from './app.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

export type Call = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Answer>;

/**
 * The app on embedded backing services, called with a valid key. A body that is neither text nor bytes is sent as JSON.
 */
export interface TestLinks extends TestServices {
  readonly call: Call;
  /** Creates a link with this code. */
  create(shortCode: string, link?: object): Promise<Answer>;
}

export async function openTestLinks(): Promise<TestLinks> {
  const services = await openTestServices();
  const call = callerOf(createLinksApp(services));
  return {
    ...services,
    call,
    create: (short_code, link = {}) =>
      call('POST', '/api/v1/links', { original_url: 'https://example.com/', short_code, ...link }),
  };
}

export function callerOf(app: ReturnType<typeof createLinksApp>): Call {
  return async (method, path, body, headers = {}) => {
    const response = await app.request(path, {
      method,
      headers: { Authorization: `Bearer ${TEST_API_KEY}`, 'Content-Type': 'application/json', ...headers },
      ...(body !== undefined && { body: toBody(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : {} };
  };
}

function toBody(body: unknown): string | Uint8Array<ArrayBuffer> {
  if (typeof body === 'string') return body;
  return body instanceof Uint8Array ? Uint8Array.from(body) : JSON.stringify(body);
}

export const faultyFields = ({ body }: Answer) =>
  (body['errors'] as { field: string }[]).map(({ field }) => field);

import { vi } from 'vitest';
import { type FunctionProcess, startFunction } from './function-process.ts';
import { freePorts } from './stack/free-ports.ts';

export interface StandaloneProcess extends FunctionProcess {
  /** Sends a request with a valid key, the body as JSON. */
  call(method: string, path: string, body?: unknown): Promise<Response>;
  /** Sends a request with a valid key, the body as it is. */
  send(
    method: string,
    path: string,
    body: string | Uint8Array<ArrayBuffer> | undefined,
    headers: Readonly<Record<string, string>>,
  ): Promise<Response>;
}

export const API_KEY = 'standalone-test-key-0123';

/**
 * Starts the product as `npm start` does, and waits for its banner. @throws Error with its output when it ends
 * instead.
 */
export async function startStandalone(
  directory: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<StandaloneProcess> {
  const [port = 0] = await freePorts(1);
  const terse = await startFunction('standalone', {
    PORT: `${port}`,
    DATA_DIR: directory,
    ADMIN_API_KEY: API_KEY,
    ...settings,
  });
  await vi.waitUntil(() => terse.output().includes('Terse is ready'));
  const send: StandaloneProcess['send'] = (method, path, body, headers) =>
    fetch(terse.url + path, {
      method,
      headers: { Authorization: `Bearer ${API_KEY}`, ...headers },
      redirect: 'manual',
      ...(body !== undefined && { body }),
    });
  return {
    ...terse,
    send,
    call: (method, path, body) =>
      send(method, path, body === undefined ? undefined : JSON.stringify(body), {
        'Content-Type': 'application/json',
      }),
  };
}

/** The key that tests and benchmarks give the product, as `ADMIN_API_KEY`. */
export const API_KEY = 'harness-api-key-0123456789';

/** The API of a running Terse, called with a valid key. */
export interface Api {
  /** Sends a request with the body as JSON. */
  call(method: string, path: string, body?: unknown): Promise<Response>;
  /** Sends a request with the body as it is. */
  send(
    method: string,
    path: string,
    body: string | Uint8Array<ArrayBuffer> | undefined,
    headers: Readonly<Record<string, string>>,
  ): Promise<Response>;
}

/** @param origin the address of the API. */
export function createApi(origin: string, apiKey = API_KEY): Api {
  const send: Api['send'] = (method, path, body, headers) =>
    fetch(origin + path, {
      method,
      headers: { Authorization: `Bearer ${apiKey}`, ...headers },
      redirect: 'manual',
      ...(body !== undefined && { body }),
    });
  return {
    send,
    call: (method, path, body) =>
      send(method, path, body === undefined ? undefined : JSON.stringify(body), {
        'Content-Type': 'application/json',
      }),
  };
}

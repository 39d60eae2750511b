const WARM_UP = 20;

/** Makes calls one after another. @returns the milliseconds of each, but not of the first few. */
export async function latencies(
  calls: number,
  call: () => Promise<unknown>,
  warmUp = WARM_UP,
): Promise<number[]> {
  for (let index = 0; index < warmUp; index++) await call();
  const taken: number[] = [];
  for (let index = 0; index < calls; index++) {
    const begin = performance.now();
    await call();
    taken.push(performance.now() - begin);
  }
  return taken;
}

/** Gets an address with the API key. @returns the body of the answer. @throws Error unless it is 200. */
export async function readApi(url: string, apiKey: string): Promise<string> {
  const response = await fetch(url, { headers: { Authorization: `Bearer ${apiKey}` } });
  const body = await response.text();
  if (response.status !== 200) throw new Error(`${url} was answered with ${response.status}: ${body}`);
  return body;
}

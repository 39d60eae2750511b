import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type StandaloneProcess, startStandalone } from '../../harness/processes/standalone-process.ts';
import { sendVisitors } from '../../harness/clients/visitors.ts';

const CALLERS = 400;
const FLOOD_MS = 5000;

let directory: string;
let terse: StandaloneProcess;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'terse-overload-'));
  terse = await startStandalone(directory);
});
afterAll(async () => {
  await terse.end('SIGKILL');
  await rm(directory, { recursive: true });
});

test('visitors are redirected while the API of the same process is flooded, and callers get 503', async () => {
  await terse.call('POST', '/api/v1/links', { original_url: 'https://example.com/', short_code: 'campaign' });
  const visitors = sendVisitors({ url: `${terse.url}/campaign`, perSecond: 50 });
  const statuses = new Map<number, number>();
  const until = performance.now() + FLOOD_MS;
  const call = async () => {
    while (performance.now() < until) {
      const { status } = await terse.call('POST', '/api/v1/links', { original_url: 'https://example.com/' });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status === 503) await sleep(100);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, call));
  const { answered, refused } = await visitors.stop();
  expect([...refused]).toEqual([]);
  expect(answered.size).toBeGreaterThan(100);
  expect(new Set(statuses.keys())).toEqual(new Set([201, 503]));
  expect((await terse.call('GET', '/api/v1/links?limit=1')).status).toBe(200);
  expect(await (await fetch(`${terse.internalUrl}/.metrics`)).text()).toMatch(
    /^requests_shed_total\{area="links"\} [1-9]/m,
  );
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { visit } from '../../harness/clients/browser.ts';
import { onEngine } from './on-engine.ts';
import type { StandaloneContainer } from './standalone-container.ts';
import { buildStandaloneImage, type StandaloneImage } from './standalone-image.ts';
import { sendVisitors } from './visitors.ts';

const MAX_ADDED_BYTES = 150 * 1024 * 1024;
const EVENTUALLY = { timeout: 15_000, interval: 100 };
const PEOPLE = 10;

let image: StandaloneImage;
let terse: StandaloneContainer;
let apiKey: string;

onEngine({
  setUp: async (engine) => {
    image = await buildStandaloneImage(engine);
    terse = await image.run('data');
    apiKey = await terse.apiKey();
  },
  logs: () => terse.logs(),
  tearDown: () => image.remove(),
});

interface LinkView {
  readonly short_code: string;
  readonly short_url: string;
  readonly visit_count: number;
}

async function call<T>(
  container: StandaloneContainer,
  method: string,
  path: string,
  body?: unknown,
): Promise<T> {
  const response = await fetch(`${container.url()}/api/v1/links${path}`, {
    method,
    headers: { Authorization: `Bearer ${apiKey}`, 'Content-Type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  expect(response.ok).toBe(true);
  // The caller knows the type of the answer.
  return (await response.json()) as T;
}

const createLink = () => call<LinkView>(terse, 'POST', '', { original_url: 'https://example.com/spring' });

async function counted(
  container: StandaloneContainer,
  code: string,
): Promise<{ visits: number; count: number }> {
  const { totals } = await call<{ totals: { visits: number } }>(container, 'GET', `/${code}/stats`);
  const { visit_count } = await call<LinkView>(container, 'GET', `/${code}`);
  return { visits: totals.visits, count: visit_count };
}

/** Sends people to a link of the container, and waits until some of them are answered. */
async function startVisitors(code: string): Promise<ReturnType<typeof sendVisitors>> {
  const visitors = sendVisitors(`${terse.url()}/${code}`, PEOPLE);
  onTestFinished(async () => void (await visitors.leave()));
  await vi.waitFor(() => expect(visitors.answered()).toBeGreaterThan(200), EVENTUALLY);
  return visitors;
}

describe('the image of the standalone process', () => {
  test('runs without settings: its logs show a key, with which a link is created, followed and counted', async () => {
    const { short_code, short_url } = await createLink();
    expect(short_url).toBe(`http://localhost:8080/${short_code}`);
    expect((await visit(`${terse.url()}/${short_code}`)).status).toBe(307);
    await vi.waitFor(
      async () => expect(await counted(terse, short_code)).toEqual({ visits: 1, count: 1 }),
      EVENTUALLY,
    );
    expect(await terse.logs()).toContain('EMBEDDED=accept: one process on one machine.');
  });

  test('has Node as its first process, gains no privileges, and writes to its volume only', async () => {
    expect(await terse.facts()).toEqual({
      firstProcess: ['node', 'main.js'],
      userId: 1000,
      capabilities: '0000000000000000',
      canGainPrivileges: false,
      writable: ['/data'],
      files: [
        'backup.js',
        'bundle.js',
        'bundle.js.compiled',
        'keys.js',
        'main.js',
        'node_modules',
        'package.json',
        'restore.js',
      ],
      namesEmbeddedDatabase: true,
      takesCompiled: true,
    });
  });

  test('adds no more than 150 MB to Node', async () => {
    expect(await image.addedBytes()).toBeLessThanOrEqual(MAX_ADDED_BYTES);
  });

  test('runs as a user without a name, on a new volume', async () => {
    const container = await image.run('nameless', '--user=12345:12345');
    expect((await container.facts()).userId).toBe(12345);
    expect(await container.stop()).toBe(0);
    await container.start();
    await container.remove();
  });

  test('refuses a volume in use by another container, which goes on', async () => {
    await expect(image.run('data')).rejects.toThrow(
      `/data/postgres is in use by another process (pid 1 on ${terse.id.slice(0, 12)}).`,
    );
    expect((await fetch(terse.url())).status).toBe(200);
  });
});

describe('under load', () => {
  test('it stops in order within the time of Docker, and has all visits after a restart', async () => {
    const { short_code } = await createLink();
    const visitors = await startVisitors(short_code);
    expect(await terse.stop()).toBe(0);
    const answered = await visitors.leave();
    await terse.start();
    await vi.waitFor(
      async () => expect(await counted(terse, short_code)).toEqual({ visits: answered, count: answered }),
      EVENTUALLY,
    );
  });

  test('every answered visit is stored once when it is killed repeatedly', async () => {
    const { short_code } = await createLink();
    let answered = 0;
    // In a container, each start has the same process numbers as the one that was killed.
    const kills = 3;
    for (let kill = 0; kill < kills; kill++) {
      const visitors = await startVisitors(short_code);
      await terse.kill();
      answered += await visitors.leave();
      await terse.start();
    }
    await vi.waitFor(async () => {
      const { visits, count } = await counted(terse, short_code);
      expect(visits).toBeGreaterThanOrEqual(answered);
      // At most one more for each person whose answer a kill cuts off.
      expect(visits).toBeLessThanOrEqual(answered + kills * PEOPLE);
      expect(count).toBe(visits);
    }, EVENTUALLY);
    expect(await terse.wasOutOfMemory()).toBe(false);
  });

  test('its commands work beside it: a backup moves into an empty volume, and keys are made and revoked', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'terse-backup-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const file = join(directory, 'terse.backup');
    const { short_code } = await createLink();
    const visitors = await startVisitors(short_code);
    await vi.waitFor(
      async () => expect((await counted(terse, short_code)).visits).toBeGreaterThan(100),
      EVENTUALLY,
    );
    await terse.execInto(file, 'node', 'backup.js', '-');
    await visitors.leave();

    await image.runCommand('restored', file, 'node', 'restore.js', '-');
    const restored = await image.run('restored');
    const { visits, count } = await counted(restored, short_code);
    expect(visits).toBeGreaterThan(100);
    expect(count).toBe(visits);
    await restored.remove();

    expect(await terse.exec('node', 'keys.js', 'make', 'laptop')).toMatch(/^terse_[\w-]{43} /);
    expect(await terse.exec('node', 'keys.js', 'revoke', 'laptop')).toMatch(/^revoked .* laptop /);
  });
});

test('another release goes on with the volume', async () => {
  const { short_code } = await createLink();
  expect(await terse.stop()).toBe(0);
  await terse.remove();
  await image.build('second');
  terse = await image.run('data');
  expect((await visit(`${terse.url()}/${short_code}`)).status).toBe(307);
  expect(await terse.apiKey()).toBe('');
});

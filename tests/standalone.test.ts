import { execFile } from 'node:child_process';
import { lstat, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { visit } from '../harness/clients/browser.ts';
import { USER_AGENTS, WEB_URLS } from '../harness/fixtures/web.ts';
import { runCommand } from '../harness/processes/run-command.ts';
import { type StandaloneProcess, startStandalone } from '../harness/processes/standalone-process.ts';

interface LinkView {
  readonly short_code: string;
  readonly short_url: string;
  readonly original_url: string;
  readonly visit_count: number;
}

interface StatsView {
  readonly totals: { readonly visits: number; readonly bot_visits: number };
}

let directory: string;
let running: StandaloneProcess[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'terse-standalone-'));
  running = [];
});
afterEach(async () => {
  await Promise.all(running.map((terse) => terse.end('SIGKILL')));
  // PostgreSQL ends a moment after the process that started it.
  await rm(directory, { recursive: true, maxRetries: 20 });
});

async function start(settings: Record<string, string> = {}): Promise<StandaloneProcess> {
  const terse = await startStandalone(directory, settings);
  running.push(terse);
  return terse;
}

async function json<T>(response: Promise<Response>): Promise<T> {
  return (await (await response).json()) as T;
}

/** Runs the jobs, a bounded number at a time. */
async function inParallel<T>(
  items: readonly T[],
  job: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) await job(item, index);
  };
  await Promise.all(Array.from({ length: 20 }, worker));
}

async function allLinks(terse: StandaloneProcess): Promise<LinkView[]> {
  const links: LinkView[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const after: string = cursor && `&cursor=${cursor}`;
    const page: { links: LinkView[]; next_cursor: string | null } = await json(
      terse.call('GET', `/api/v1/links?limit=100${after}`),
    );
    links.push(...page.links);
    cursor = page.next_cursor;
  }
  return links;
}

const storedVisits = async (terse: StandaloneProcess, code: string) =>
  (await json<StatsView>(terse.call('GET', `/api/v1/links/${code}/stats`))).totals;

test('every link of a campaign redirects to its target, and every visit is counted, across a restart', async () => {
  let terse = await start();

  const links: LinkView[] = [];
  await inParallel(WEB_URLS, async (original_url) => {
    const response = await terse.call('POST', '/api/v1/links', { original_url });
    expect(response.status).toBe(201);
    links.push((await response.json()) as LinkView);
  });
  expect(new Set(links.map(({ short_code }) => short_code)).size).toBe(WEB_URLS.length);
  expect(new Set(links.map(({ original_url }) => original_url))).toEqual(
    new Set(WEB_URLS.map((url) => new URL(url).href)),
  );

  await inParallel([...links, ...links, ...links], async ({ short_url, original_url }, index) => {
    const response = await visit(short_url, 'GET', USER_AGENTS[index % USER_AGENTS.length]);
    expect(response.status).toBe(307);
    expect(response.headers.get('Location')).toBe(original_url);
  });

  const counts = async () => new Set((await allLinks(terse)).map(({ visit_count }) => visit_count));
  await vi.waitFor(async () => expect(await counts()).toEqual(new Set([3])), {
    timeout: 5000,
    interval: 100,
  });

  expect(await terse.end('SIGTERM')).toBe(0);
  terse = await start();
  const restored = await allLinks(terse);
  expect(restored).toHaveLength(WEB_URLS.length);
  expect(new Set(restored.map(({ visit_count }) => visit_count))).toEqual(new Set([3]));
  await inParallel(restored.slice(0, 100), async ({ short_code }) => {
    expect(await storedVisits(terse, short_code)).toEqual({ visits: 3, bot_visits: 0 });
  });
});

test('no answered visit is lost when it stops under load', async () => {
  let terse = await start();
  const { short_url, short_code } = await json<LinkView>(
    terse.call('POST', '/api/v1/links', { original_url: 'https://example.com/' }),
  );
  let answered = 0;
  const visitor = async () => {
    for (;;) {
      const response = await visit(short_url).catch(() => undefined);
      if (!response) return;
      expect(response.status).toBe(307);
      answered++;
    }
  };
  const visitors = Array.from({ length: 10 }, visitor);
  await vi.waitFor(() => expect(answered).toBeGreaterThan(500), { timeout: 10_000 });
  expect(await terse.end('SIGTERM')).toBe(0);
  await Promise.all(visitors);

  terse = await start();
  expect((await storedVisits(terse, short_code)).visits).toBe(answered);
  const link = await json<LinkView>(terse.call('GET', `/api/v1/links/${short_code}`));
  expect(link.visit_count).toBe(answered);
});

test('after a kill under load every answered visit is stored once, and counts equal the stored visits', async () => {
  let terse = await start({ COUNTER_FLUSH_SECONDS: '1' });
  const links = await Promise.all(
    Array.from({ length: 5 }, () =>
      json<LinkView>(terse.call('POST', '/api/v1/links', { original_url: 'https://example.com/' })),
    ),
  );
  let answered = 0;
  const visitor = async (_: unknown, index: number) => {
    for (;;) {
      const response = await visit(links[index % links.length]?.short_url ?? '').catch(() => undefined);
      if (!response) return;
      answered++;
    }
  };
  const visitors = Array.from({ length: 10 }, visitor);
  await new Promise((resolve) => {
    setTimeout(resolve, 2500);
  });
  expect(await terse.end('SIGKILL')).toBeNull();
  await Promise.all(visitors);

  terse = await start();
  let stored = 0;
  for (const { short_code } of links) {
    const link = await json<LinkView>(terse.call('GET', `/api/v1/links/${short_code}`));
    const { visits } = await storedVisits(terse, short_code);
    expect(link.visit_count).toBe(visits);
    stored += visits;
  }
  // At most one more for each visitor whose answer the kill cuts off.
  expect(stored).toBeGreaterThanOrEqual(answered);
  expect(stored).toBeLessThanOrEqual(answered + visitors.length);
});

test('the commands in the README work as they are, today and later', async () => {
  const key = 'a-key-for-the-README';
  const terse = await start({ ADMIN_API_KEY: key });
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [, lines = ''] = /## Using it[^]*?```sh\n([^]*?)```/.exec(readme) ?? [];
  const script = lines
    .replace('TERSE_KEY=…', `TERSE_KEY=${key}`)
    .replaceAll('http://127.0.0.1:8080', terse.url);
  // Prints the words of each call, as a shell splits them.
  const curl = String.raw`curl() { printf '%s\037' "$@"; echo; }`;
  const { stdout } = await promisify(execFile)('sh', ['-c', `${curl}\n${script}`]);
  const statuses: number[] = [];
  for (const call of stdout.trim().split('\n')) {
    const words = call.split('\u001F');
    const after = (option: string) => (words.includes(option) ? words[words.indexOf(option) + 1] : undefined);
    const [name = '', value = ''] = (after('-H') ?? 'Accept: */*').split(': ');
    const body = after('-d');
    const response = await fetch(words.find((word) => word.startsWith('http')) ?? '', {
      redirect: 'manual',
      headers: { [name]: value, 'Content-Type': 'application/x-www-form-urlencoded' },
      ...(body !== undefined && { method: 'POST', body }),
    });
    statuses.push(response.status);
  }
  expect(statuses).toEqual([201, 307, 200]);
  const [, expires = ''] = /"expires_at":"([^"]+)"/.exec(lines) ?? [];
  expect(Date.parse(expires)).toBeGreaterThan(Date.UTC(2090, 0));
  expect(await terse.end('SIGTERM')).toBe(0);
});

test('serves at IPv6', async () => {
  const terse = await start({ HOST: '::1', ADMIN_API_KEY: '' });
  const [, origin = ''] = /Terse is ready at (\S+)/.exec(terse.output()) ?? [];
  expect(origin).toMatch(/^http:\/\/\[::1\]:\d+$/);
  const key = /terse_[\w-]{43}/.exec(terse.output())?.[0];
  const created = await fetch(`${origin}/api/v1/links`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    body: '{"original_url":"https://example.com/"}',
  });
  const { short_url } = await json<LinkView>(Promise.resolve(created));
  expect(short_url.startsWith(`${origin}/`)).toBe(true);
  expect((await visit(short_url)).status).toBe(307);
  expect(await terse.end('SIGTERM')).toBe(0);
});

test('keys are listed, made and revoked by command, while it runs and while it does not', async () => {
  let terse = await start({ ADMIN_API_KEY: '' });
  const first = /terse_[\w-]{43}/.exec(terse.output())?.[0] ?? '';
  await terse.end('SIGTERM');
  // Later, the operator sets a key.
  terse = await start();
  const status = async (key: string) =>
    (await fetch(`${terse.url}/api/v1/links`, { headers: { Authorization: `Bearer ${key}` } })).status;
  expect(await status(first)).toBe(200);
  expect(await keys('list')).toMatch(/^[\da-f]{12} {2}first start {2}made \S+\n$/);

  await keys('revoke', 'first start');
  await vi.waitFor(async () => expect(await status(first)).toBe(401), { timeout: 10_000, interval: 200 });
  const [made = ''] = /terse_[\w-]{43}/.exec(await keys('make', 'laptop')) ?? [];
  expect(await status(made)).toBe(200);

  expect(await terse.end('SIGTERM')).toBe(0);
  expect(await keys('list')).toMatch(/ {2}laptop {2}.*\n.* {2}first start {2}.*, revoked \S+\n$/);
});

async function keys(...words: readonly string[]): Promise<string> {
  const { code, stdout } = await runCommand('keys', words, { DATA_DIR: directory });
  expect(code).toBe(0);
  return stdout;
}

describe('starting', () => {
  test('shows an API key once, which is valid from then on', async () => {
    const settings = { ADMIN_API_KEY: '' };
    let terse = await start(settings);
    const key = /terse_[\w-]{43}/.exec(terse.output())?.[0];
    await terse.end('SIGINT');
    terse = await start(settings);
    expect(terse.output()).not.toMatch(/terse_[\w-]{43}/);
    const list = (token: string | undefined) =>
      fetch(`${terse.url}/api/v1/links`, { headers: { Authorization: `Bearer ${token}` } });
    expect((await list(key)).status).toBe(200);
    expect((await list('terse_guess')).status).toBe(401);
  });

  test('is refused while another process has the folder, which goes on', async () => {
    const first = await start();
    await expect(start()).rejects.toThrow(`is in use by another process (pid ${first.pid})`);
    expect((await fetch(`${first.internalUrl}/.ready`)).status).toBe(200);
    expect(await readdir(join(directory, 'journal'))).toEqual(['slot-0']);
  });

  test.each([
    ['DATA_DIR', '/proc/terse', 'The folder /proc/terse cannot be made'],
    ['DATA_DIR', '/dev/null', '/dev/null is not a folder'],
    ['DATA_DIR', '/dev/null/terse', '/dev/null is not a folder'],
    ['DATA_DIR', '/sys/kernel', 'The folder /sys/kernel/postgres cannot be made'],
    ['JOURNAL_DIR', '/proc/terse', 'The folder /proc/terse cannot be made'],
    ['JOURNAL_DIR', '/proc', 'The folder /proc(/slot-0)? cannot be (made|written)'],
    ['JOURNAL_DIR', '/proc/self/fd', 'The folder /proc/self/fd(/slot-0)? cannot be (made|written)'],
    ['JOURNAL_DIR', '/dev/null', '/dev/null is not a folder'],
  ])('is refused at once with %s=%s', async (setting, path, message) => {
    await expect(start({ [setting]: path })).rejects.toThrow(
      new RegExp(`exit code 1:[^]*${message.replaceAll('.', '\\.')}`),
    );
  });

  test('creates folders and files that nobody else can read', async () => {
    const folder = join(directory, 'data');
    await start({ DATA_DIR: folder });
    const entries = await readdir(folder, { recursive: true });
    const modes = await Promise.all(entries.map(async (name) => (await lstat(join(folder, name))).mode));
    expect(entries).toContain('postgres/cluster/PG_VERSION');
    expect(entries).toContain('journal/slot-0/lock');
    // As root, PostgreSQL runs as another user, who may enter the folders and list none.
    expect(modes.filter((mode) => mode & 0o066)).toEqual([]);
  });

  test('on embedded backing services in production needs EMBEDDED=accept, and names their limits', async () => {
    const production = { NODE_ENV: 'production' };
    await expect(start(production)).rejects.toThrow(
      /exit code 1:\n.*\n {2}DATABASE_URL .*EMBEDDED=accept.*\n {2}REDIS_URL .*\n {2}RABBITMQ_URL /,
    );
    const terse = await start({ ...production, EMBEDDED: 'accept' });
    expect(terse.output()).toContain('EMBEDDED=accept: one process on one machine.');
    const created = await terse.call('POST', '/api/v1/links', { original_url: 'https://example.com/' });
    expect(created.status).toBe(201);
  });

  test('is refused with every wrong setting named, before anything changes', async () => {
    await expect(start({ PORT: 'x', TRUSTED_PROXY_HOPS: 'y' })).rejects.toThrow(
      /exit code 1:\nThese settings are wrong:\n {2}PORT .*\n {2}TRUSTED_PROXY_HOPS /,
    );
  });
});

test('serves the three public functions, and none of the internal ones, on one address', async () => {
  const terse = await start();
  const status = async (method: string, path: string) => (await terse.call(method, path)).status;
  expect(await status('GET', '/')).toBe(200);
  expect(await status('GET', '/api/v1/links')).toBe(200);
  expect(await status('GET', '/api/v1/links/none/stats')).toBe(404);
  for (const path of ['/.live', '/.ready', '/.metrics']) {
    expect([path, await status('GET', path)]).toEqual([path, 404]);
    expect((await fetch(terse.internalUrl + path)).status).toBe(200);
  }
  for (const path of ['/.events', '/.events/', '/%2eevents']) {
    expect([path, await status('POST', path)]).toEqual([path, 404]);
    expect((await fetch(terse.internalUrl + path, { method: 'POST' })).status).toBe(404);
  }
});

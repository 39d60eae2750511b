import { createApiKeyList } from '@terse/core/access/api-key-list';
import { createApiKeyService } from '@terse/core/access/api-key-service';
import { createTestClock } from '@terse/platform/test-clock';
import { UsageError } from '@terse/command-line/command-line';
import { createApiKeyRepository } from '@terse/repository/api-key-repository';
import { emptyDatabase, openTestDatabase, type TestDatabase } from '@terse/repository/test-database';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readKeysCommand } from './command.ts';

const ADMIN_KEY = 'set-later-0123456789';
const KEY = /^terse_[\w-]{43}/;

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
beforeEach(() => emptyDatabase(database.db));
afterAll(() => database.close());

function setUp() {
  const clock = createTestClock();
  const repository = createApiKeyRepository({ db: database.db, clock });
  const keys = createApiKeyList(repository);
  return {
    clock,
    run: (...args: string[]) => readKeysCommand(args)(keys),
    /** The service of one API process, which caches keys. */
    service: (adminKey?: string) => createApiKeyService({ repository, adminKey, clock }),
  };
}

describe('the key of the first start', () => {
  test('stays valid when ADMIN_API_KEY is set later, until it is revoked by its name', async () => {
    const { clock, run, service } = setUp();
    const first = (await service().makeFirst()) ?? '';
    const later = service(ADMIN_KEY);
    expect(await later.makeFirst()).toBeUndefined();
    expect(await later.isValid(first)).toBe(true);

    expect(await run('list')).toMatch(/^[\da-f]{12} {2}first start {2}made 20\d\d-[\d-]+T[\d:.]+Z$/);
    expect(await run('list')).not.toContain(first);
    expect(await run('revoke', 'first start')).toMatch(/^revoked [\da-f]{12} {2}first start .*, revoked 20/);
    clock.advance(5001);
    expect(await later.isValid(first)).toBe(false);
    expect(await later.isValid(ADMIN_KEY)).toBe(true);
    expect(await run('list')).toMatch(/, revoked 20\d\d-/);
    expect(await service().makeFirst(), 'a later start makes no key').toBeUndefined();
  });

  test('can be replaced by a key of any name, also its own', async () => {
    const { clock, run, service } = setUp();
    const first = (await service().makeFirst()) ?? '';
    await run('revoke', 'first start');
    const printed = await run('make', 'first start');
    const [key = ''] = KEY.exec(printed) ?? [];
    expect(printed).toBe(`${key}  (first start; shown this once: keep it)`);
    const api = service();
    clock.advance(5001);
    expect([await api.isValid(key), await api.isValid(first)]).toEqual([true, false]);
  });
});

test('the list has the newest key first and shows no key itself', async () => {
  const { clock, run } = setUp();
  expect(await run('list')).toBe('There are no keys.');
  const made: string[] = [];
  for (const name of ['laptop', 'schlüssel 🔑', '--odd']) {
    clock.advance(1000);
    made.push(KEY.exec(await run('make', '--', name))?.[0] ?? '');
  }
  const list = await run('list');
  expect(list.split('\n').map((line) => line.split('  ')[1])).toEqual(['--odd', 'schlüssel 🔑', 'laptop']);
  for (const key of made) expect(list).not.toContain(key);
});

test('a key is revoked by its id, and only once', async () => {
  const { run } = setUp();
  await run('make', 'one');
  await run('make', 'two');
  const [id = ''] =
    (await run('list'))
      .split('\n')
      .find((line) => line.includes('one'))
      ?.split(' ') ?? [];
  expect(await run('revoke', id)).toContain('  one  ');
  await expect(run('revoke', id)).rejects.toThrow(`No active key has the name or id ${id}.`);
  await expect(run('revoke', 'one')).rejects.toThrow('No active key has the name or id one.');
});

test('refuses a name that an active key has, and an ambiguous name that is the id of another key', async () => {
  const { run } = setUp();
  await run('make', 'one');
  await expect(run('make', 'one')).rejects.toThrow('An active key has the name one');
  const [id = ''] = (await run('list')).split(' ');
  await run('make', id);
  await expect(run('revoke', id)).rejects.toThrow(/choose one by its id: [\da-f]{12}, [\da-f]{12}\.$/);
});

test('names that look the same are the same', async () => {
  const { run } = setUp();
  const [composed, decomposed] = ['schlüssel'.normalize('NFC'), ' schlüssel'.normalize('NFD')];
  await run('make', decomposed);
  await expect(run('make', composed)).rejects.toThrow('An active key has the name');
  expect(await run('revoke', composed)).toContain(`  ${composed}  `);
});

test.each([
  [[], 'Say what to do.'],
  [['show'], 'There is no command show.'],
  [['list', 'all'], 'list takes no name.'],
  [['list', '--all'], 'There is no option --all.'],
  [['make'], 'make takes one name, in quotes where it has spaces.'],
  [['make', 'my', 'laptop'], 'make takes one name, in quotes where it has spaces.'],
  [['revoke'], 'revoke takes one name, in quotes where it has spaces.'],
  [['revoke', 'a', 'b'], 'revoke takes one name, in quotes where it has spaces.'],
  [['make', ' '], 'The name must not be empty.'],
  [['revoke', ''], 'The name must not be empty.'],
  [['make', 'two\nlines'], 'The name must not contain control characters, nor invisible ones.'],
  [['make', 'x'.repeat(101)], 'The name must have at most 100 characters.'],
])('%j is refused: %s', (args, reason) => {
  expect(() => readKeysCommand(args)).toThrow(new UsageError(reason));
});

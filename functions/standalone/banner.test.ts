import { createApiKeyList } from '@terse/core/access/api-key-list';
import { createApiKeyService } from '@terse/core/access/api-key-service';
import { createTestClock } from '@terse/platform/test-clock';
import { createApiKeyRepository } from '@terse/repository/api-key-repository';
import { openTestDatabase } from '@terse/repository/test-database';
import { expect, onTestFinished, test } from 'vitest';
import { banner } from './banner.ts';
import { type KeyAtStart, keyAtStart } from './key-at-start.ts';

const FACTS = {
  address: 'https://go.example',
  listensAt: 'http://[::1]:8080',
  internalAddress: 'http://127.0.0.1:9464',
  dataDirectory: '/srv/terse/.data',
  notes: [],
  databaseFault: undefined,
};
const KEYS: readonly KeyAtStart[] = [{ kind: 'made', key: 'terse_key' }, { kind: 'known' }, { kind: 'none' }];

test.each(KEYS)('shows the listening address and the address of short URLs (key: $kind)', (apiKey) => {
  const text = banner({ ...FACTS, apiKey });
  expect(text).toMatch(/ready at +https:\/\/go\.example\n/);
  expect(text).toMatch(/listens at +http:\/\/\[::1\]:8080\n/);
  expect(text).toMatch(/platform +http:\/\/127\.0\.0\.1:9464 .*\/\.ready/);
  expect(text).toMatch(/data in +\/srv\/terse\/\.data\n/);
});

test.each(KEYS)('ends with the notes (key: $kind)', (apiKey) => {
  const text = banner({ ...FACTS, apiKey, notes: ['One.', 'Another.'] });
  expect(text).toMatch(/[^\n]\n\n {2}One\.\n {2}Another\.\n\n$/);
});

test('says why a visit by curl does not raise the count, next to the curl command', () => {
  const text = banner({ ...FACTS, apiKey: { kind: 'made', key: 'terse_key' } });
  expect(text).toContain('curl -si https://go.example/hello');
  expect(text).toContain(
    'visit_count counts people. curl is a tool, so its visit counts as automatic: bot_visits',
  );
});

test('says why the database cannot be used, and shows no command that would fail', async () => {
  const databaseFault = 'The database lacks tables. Make them with npm run migrate.';
  const makeFirst = () => Promise.reject(new Error('asked'));
  const apiKey = await keyAtStart({ makeFirst, hasActive: makeFirst }, false);
  const text = banner({ ...FACTS, databaseFault, apiKey, notes: ['One.'] });
  expect(text).toMatch(/^\n {2}Terse is not ready at https:\/\/go\.example\n/);
  expect(text).toContain(`\n  ${databaseFault}\n`);
  expect(text).not.toContain('curl');
  expect(text).toMatch(/\n\n {2}One\.\n\n$/);
});

test('names a key that works, or how to make one, at every start', async () => {
  const database = await openTestDatabase();
  onTestFinished(() => database.close());
  const clock = createTestClock();
  const repository = createApiKeyRepository({ db: database.db, clock });
  const list = createApiKeyList(repository);
  /** A start of the process. */
  const start = async (adminKey?: string) =>
    banner({
      ...FACTS,
      apiKey: await keyAtStart(createApiKeyService({ repository, adminKey, clock }), true),
    });

  expect(await start()).toMatch(/your API key +terse_[\w-]{43} /);
  expect(await start()).toContain('With your API key in $TERSE_KEY');
  await list.revoke('first start');
  const without = await start();
  expect(without).toContain('Every API key was revoked: npm run keys -- make NAME makes one.');
  expect(without).not.toMatch(/your API key|terse_[\w-]{43}/);
  expect(await start('set-later-0123456789')).toContain('With your API key in $TERSE_KEY');
  await list.make('laptop');
  expect(await start()).toContain('With your API key in $TERSE_KEY');
});

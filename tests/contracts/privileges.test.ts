import { migrate } from '@terse/repository/migrate';
import { openPostgres } from '@terse/repository/postgres';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeOnRealParts } from '../on-real-parts.ts';
import { createDatabase } from '../stack/postgres.ts';

const ACTIONS = {
  'know links': `select short_code from urls`,
  'read links': `select * from urls`,
  'create links': `insert into urls (short_code, original_url, created_at, updated_at) values ('x', 'https://e.com/', now(), now())`,
  'change links': `update urls set original_url = 'https://e.org/', version = version + 1, updated_at = now() where short_code = 'x'`,
  'count visits of links': `update urls set visit_count = visit_count + 1 where short_code = 'x'`,
  'remove links': `delete from urls`,
  'read API keys': `select * from api_keys`,
  'create API keys': `insert into api_keys (key_hash, name, created_at, updated_at) values ('h', 'n', now(), now())`,
  'read visits': `select ip, user_agent from visits`,
  'store visits': `insert into visits (id, short_code, timestamp, is_bot)
    values ('01a20d74-b2d3-75ae-b5ad-edd32e73337f', 'x', now(), false) on conflict do nothing returning id`,
  'store orphan visits': `insert into orphan_visits (id, short_code, timestamp, is_bot)
    values ('01a20d74-b2d3-75ae-b5ad-edd32e73337f', 'x', now(), false) on conflict do nothing returning id`,
  'read orphan visits': `select ip, user_agent from orphan_visits`,
  'change visits': `update visits set is_bot = true`,
  'remove visits': `delete from visits`,
  'read rollups': `select * from visit_rollups`,
  'read breakdowns': `select * from visit_breakdowns`,
  'roll up': `insert into visit_rollups as r (short_code, hour, visits, bot_visits) values ('x', now(), 1, 0)
    on conflict (short_code, hour) do update set visits = r.visits + excluded.visits`,
  'break down': `insert into visit_breakdowns as r (short_code, day, dimension, value, visits) values ('x', now(), 'os', 'y', 1)
    on conflict (short_code, day, dimension, value) do update set visits = r.visits + excluded.visits`,
  'read the ledger': `select * from counter_batches`,
  'write the ledger': `insert into counter_batches (id, applied_at) values ('b', now()) on conflict (id) do nothing returning id`,
  'make partitions': `select ensure_visit_partition('2031-01-01')`,
  'make tables': `create table mine (a int)`,
  'drop tables': `drop table visits`,
} as const;
type Action = keyof typeof ACTIONS;

const ALLOWED: Record<string, readonly Action[]> = {
  terse_redirect: ['know links', 'read links'],
  terse_links: [
    'know links',
    'read links',
    'create links',
    'change links',
    'read API keys',
    'read the ledger',
  ],
  terse_stats: [
    'know links',
    'read links',
    'read API keys',
    'read visits',
    'read rollups',
    'read breakdowns',
  ],
  terse_visit_writer: [
    'know links',
    'store visits',
    'store orphan visits',
    'read rollups',
    'read breakdowns',
    'roll up',
    'break down',
  ],
  terse_counter_flush: [
    'know links',
    'count visits of links',
    'read rollups',
    'read the ledger',
    'write the ledger',
    'make partitions',
  ],
};

describeOnRealParts('a login of each function', ({ databaseUrl }) => {
  let owner: postgres.Sql;
  beforeAll(async () => {
    const url = await createDatabase(databaseUrl, 'privileges');
    const database = openPostgres({ url, name: 'terse-test', poolSize: 1, statementTimeoutMs: 10_000 });
    await migrate(database.db);
    await database.close();
    owner = postgres(url, { max: 1, onnotice: () => {} });
  });
  afterAll(() => owner.end());

  /** Tries the action as the role, and takes back what it did. */
  async function isAllowed(role: string, action: Action): Promise<boolean> {
    await owner.unsafe('begin');
    try {
      await owner.unsafe(`set local role ${role}`);
      await owner.unsafe(ACTIONS[action]);
      return true;
    } catch (error) {
      if (error instanceof postgres.PostgresError && error.code === '42501') return false;
      throw error;
    } finally {
      await owner.unsafe('rollback');
    }
  }

  describe.each(Object.keys(ALLOWED))('%s', (role) => {
    test('may do what its function does, and nothing else', async () => {
      const allowed: Action[] = [];
      for (const action of Object.keys(ACTIONS) as Action[]) {
        if (await isAllowed(role, action)) allowed.push(action);
      }
      expect(allowed).toEqual(ALLOWED[role]);
    });
  });

  test('cannot read a count that it may not see the link of', async () => {
    await owner.unsafe('begin');
    await owner.unsafe('set local role terse_counter_flush');
    await expect(owner.unsafe('select original_url from urls')).rejects.toThrow('permission denied');
    await owner.unsafe('rollback');
  });
});

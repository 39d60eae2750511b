import { ensureLogins, scramVerifier } from '@terse/repository/logins';
import { openPostgres } from '@terse/repository/postgres';
import { TABLE_NAMES } from '@terse/repository/tables';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MANIFESTS } from '../../functions/manifests.ts';
import { migrateDatabase } from '../../harness/deployment/migrated-database.ts';
import { createDatabase } from '../../harness/servers/postgres.ts';
import { describeOnRealServices } from '../on-real-services.ts';

const ACTIONS = {
  'know links': `select short_code from links`,
  'read links': `select * from links`,
  'create links': `insert into links (short_code, original_url, created_at, updated_at) values ('x', 'https://e.com/', now(), now())`,
  'change links': `update links set original_url = 'https://e.org/', version = version + 1, updated_at = now() where short_code = 'x'`,
  'count visits of links': `update links set visit_count = visit_count + 1 where short_code = 'x'`,
  'remove links': `delete from links`,
  'read API keys': `select * from api_keys`,
  'create API keys': `insert into api_keys (key_hash, name, created_at, updated_at) values ('h', 'n', now(), now())`,
  'read visits': `select ip, user_agent from visits`,
  'store visits': `insert into visits (id, short_code, timestamp, is_bot)
    values ('01a20d74-b2d3-75ae-b5ad-edd32e73337f', 'x', now(), false)`,
  'know stored visits': `select short_code, id from visits`,
  'store orphan visits': `insert into orphan_visits (id, short_code, timestamp, is_bot)
    values ('01a20d74-b2d3-75ae-b5ad-edd32e73337f', 'x', now(), false)`,
  'know orphan visits': `select id from orphan_visits`,
  'read orphan visits': `select ip, user_agent from orphan_visits`,
  'change visits': `update visits set is_bot = true`,
  'remove visits': `delete from visits`,
  'read rollups': `select * from hourly_rollups`,
  'read months': `select * from monthly_rollups`,
  'read deltas': `select * from rollup_deltas`,
  delta: `insert into rollup_deltas (shard, deltas) values (1, '[]')`,
  'change deltas': `update rollup_deltas set deltas = '[]'`,
  'take deltas': `delete from rollup_deltas where shard = 1 and id = 1`,
  'roll up': `insert into hourly_rollups as r (short_code, hour, visits, bot_visits) values ('x', now(), 1, 0)
    on conflict (short_code, hour) do update set visits = r.visits + excluded.visits`,
  'sum months up': `insert into monthly_rollups as m (short_code, month, version, data) values ('x', now(), 1, '{}')
    on conflict (short_code, month) do update set version = excluded.version, data = excluded.data where m.version = 0`,
  'merge whole or not at all': `select whole_or_nothing(true)`,
  'read the ledger': `select * from counter_batches`,
  'write the ledger': `insert into counter_batches (id, applied_at) values ('b', now()) on conflict (id) do nothing returning id`,
  'prune the ledger': `delete from counter_batches where applied_at < now() - interval '30 days'`,
  'change the ledger': `update counter_batches set applied_at = now()`,
  'read totals': `select * from visit_totals`,
  'change totals': `update visit_totals set visits = 0`,
  'mark counts to compare': `insert into counts_to_compare as m (short_code) values ('x')
    on conflict (short_code) do update set version = m.version + 1`,
  'unmark counts': `delete from counts_to_compare where short_code = 'x'`,
  'remember surpluses': `insert into count_surpluses as k (short_code, surplus, since) values ('x', 1, now())
    on conflict (short_code) do update set surplus = excluded.surplus where k.surplus > excluded.surplus`,
  'forget surpluses': `delete from count_surpluses where short_code = 'x'`,
  'walk through links': `insert into count_progress (walked_to) values ('x')
    on conflict (id) do update set walked_to = excluded.walked_to`,
  'make partitions': `select ensure_visit_partition('2031-01-01')`,
  'make tables': `create table mine (a int)`,
  'drop tables': `drop table visits`,
} as const;
type Action = keyof typeof ACTIONS;
type DatabaseRole = (typeof MANIFESTS.migrate.makesLoginsOf)[number]['databaseRole'];

const ALLOWED: Record<DatabaseRole, readonly Action[]> = {
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
    'know stored visits',
    'read rollups',
    'read months',
    'read deltas',
  ],
  terse_visit_writer: [
    'know links',
    'store visits',
    'know stored visits',
    'store orphan visits',
    'know orphan visits',
    'delta',
  ],
  terse_counter_flush: [
    'know links',
    'count visits of links',
    'read rollups',
    'read months',
    'read deltas',
    'take deltas',
    'roll up',
    'sum months up',
    'merge whole or not at all',
    'read the ledger',
    'write the ledger',
    'prune the ledger',
    'read totals',
    'mark counts to compare',
    'unmark counts',
    'remember surpluses',
    'forget surpluses',
    'walk through links',
    'make partitions',
  ],
};

describeOnRealServices('a login of each function', ({ databaseUrl }) => {
  let owner: postgres.Sql;
  let url: string;
  beforeAll(async () => {
    url = await createDatabase(databaseUrl, 'privileges');
    await migrateDatabase(url);
    owner = postgres(url, { max: 1, onnotice: () => {} });
  });
  afterAll(() => owner.end());

  /** Tries the action as the role, and rolls it back. */
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

  describe.each(Object.entries(ALLOWED))('%s', (role, expected) => {
    test('may do what its function does, and nothing else', async () => {
      const allowed: Action[] = [];
      for (const action of Object.keys(ACTIONS) as Action[]) {
        if (await isAllowed(role, action)) allowed.push(action);
      }
      expect(allowed).toEqual(expected);
    });
  });

  test('has rights on each table that the migrations create', async () => {
    const granted = await owner<{ name: string }[]>`
      select distinct table_name as name from information_schema.column_privileges
      where table_schema = 'public' and grantee in ${owner(Object.keys(ALLOWED))}
    `;
    const names = new Set(granted.map(({ name }) => name));
    expect(TABLE_NAMES.filter((name) => !names.has(name))).toEqual([]);
  });

  test('of the links function may write every column of a link, except counts and stamps', async () => {
    const columns = await owner<{ name: string; inserts: boolean; updates: boolean }[]>`
      select column_name as name,
        has_column_privilege('terse_links', 'links', column_name, 'insert') as inserts,
        has_column_privilege('terse_links', 'links', column_name, 'update') as updates
      from information_schema.columns where table_schema = 'public' and table_name = 'links' order by column_name
    `;
    const without = (right: 'inserts' | 'updates') =>
      columns.filter((column) => !column[right]).map(({ name }) => name);
    expect(without('inserts')).toEqual(['deleted_at', 'version', 'visit_count']);
    expect(without('updates')).toEqual(['created_at', 'short_code', 'visit_count']);
  });

  test('that may change counts cannot read targets', async () => {
    await owner.unsafe('begin');
    await owner.unsafe('set local role terse_counter_flush');
    await expect(owner.unsafe('select original_url from links')).rejects.toThrow('permission denied');
    await owner.unsafe('rollback');
  });

  test('is created by the migrations, with rights, time-outs and a changeable password', async () => {
    const name = `stats_login_${Date.now()}`;
    const opened = openPostgres({ url, name: 'terse-test', poolSize: 5, statementTimeoutMs: 10_000 });
    const ensure = (password: string, statementTimeoutMs = 10_000) =>
      ensureLogins(opened.db, [{ name, password, role: 'terse_stats', statementTimeoutMs }]);
    const attempt = async (password: string, statement: string) => {
      const address = new URL(url);
      Object.assign(address, { username: name, password });
      const login = postgres(address.href, { max: 1, onnotice: () => {} });
      try {
        await login.unsafe(statement);
        return 'done';
      } catch (error) {
        return error instanceof postgres.PostgresError ? error.code : String(error);
      } finally {
        await login.end();
      }
    };
    const stored = async () => {
      const [row] = await owner`select rolpassword from pg_authid where rolname = ${name}`;
      return String(row?.['rolpassword']);
    };
    try {
      await Promise.all([ensure("it's"), ensure("it's"), ensure("it's")]);
      expect(await attempt("it's", 'select * from visits')).toBe('done');
      expect(await attempt("it's", 'delete from visits')).toBe('42501');
      expect(await stored()).toMatch(/^SCRAM-SHA-256\$4096:/);
      const before = await stored();
      await ensure('another', 100);
      expect(await stored()).not.toBe(before);
      expect(await attempt('another', 'select pg_sleep(30)')).toBe('57014');
      expect([
        ...(await owner`select unnest(setconfig) as setting from pg_db_role_setting
          where setrole = ${name}::regrole order by setting`),
      ]).toEqual([
        { setting: 'idle_in_transaction_session_timeout=100' },
        { setting: 'statement_timeout=100' },
      ]);

      // This server asks for no password, so the stored verifier is compared with the server's own.
      await owner.unsafe(`alter role ${name} password 'it''s'`);
      const salt = /:(.+)\$/.exec(await stored())?.[1] ?? '';
      expect(await stored()).toBe(scramVerifier("it's", Buffer.from(salt, 'base64')));
    } finally {
      await owner.unsafe(`drop role if exists ${name}`);
      await opened.close();
    }
  });
});

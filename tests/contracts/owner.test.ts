import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loginSetting } from '@terse/platform/function-manifest';
import { createContext } from '@terse/runtime/context';
import { migrateDatabase } from '@terse/runtime/functions/migrate';
import { readConfig } from '@terse/runtime/settings/config';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MANIFESTS } from '../../functions/manifests.ts';
import { type PostgresServer, startPostgres } from '../../harness/servers/postgres.ts';
import { withSql } from '../../harness/servers/connections.ts';
import { describeOnRealServices } from '../on-real-services.ts';

const { migrate } = MANIFESTS;
const INSTALL_AND_START_MS = 300_000;

/** Needs its own server: all databases of a server share group roles, which belong to their creator. */
describeOnRealServices('an owner who may create roles and is no superuser', () => {
  const directory = mkdtempSync(join(tmpdir(), 'terse-owner-'));
  let server: PostgresServer;
  let owner: URL;

  beforeAll(async () => {
    server = await startPostgres({ directory });
    owner = new URL(await server.createDatabase('owned'));
    await withSql(server.url, async (sql) => {
      await sql`create role owner_login login createrole`;
      await sql`alter database owned owner to owner_login`;
    });
    owner.username = 'owner_login';
  }, INSTALL_AND_START_MS);
  afterAll(async () => {
    await server?.stop();
    rmSync(directory, { recursive: true });
  });

  const as = (name: string) => Object.assign(new URL(owner), { username: name, password: 'p' }).href;

  test('brings the schema up to date, and creates and changes the login of every function', async () => {
    const logins = migrate.makesLoginsOf.map((of) => [loginSetting(of), as(`${of.databaseRole}_login`)]);
    const settings = { DATABASE_URL: owner.href, LOG_LEVEL: 'silent', ...Object.fromEntries(logins) };
    const run = () => migrateDatabase(createContext(migrate, readConfig(migrate, settings)));
    expect(await run()).not.toEqual([]);
    expect(await run()).toEqual([]);
    for (const { databaseRole, statementTimeoutMs } of migrate.makesLoginsOf) {
      await withSql(as(`${databaseRole}_login`), async (sql) => {
        const [row] = await sql`select pg_has_role(${databaseRole}, 'usage') as belongs,
          (select setting::int from pg_settings where name = 'statement_timeout') as bound`;
        expect(row).toEqual({ belongs: true, bound: statementTimeoutMs });
      });
    }
  });
});

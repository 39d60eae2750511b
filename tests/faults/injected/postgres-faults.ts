import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { withSql } from '../../../harness/servers/connections.ts';
import { type Fault, whileDown } from './fault.ts';

const touches = ['postgres'];

export const POSTGRES_FAULTS: readonly Fault[] = [
  {
    name: 'PostgreSQL killed, 1 s',
    touches,
    inject: ({ stack }) => whileDown('kill', [stack.postgres], 1000),
  },
  {
    name: 'PostgreSQL stopped, 1 s',
    touches,
    inject: ({ stack }) => whileDown('stop', [stack.postgres], 1000),
  },
  {
    name: 'connections to PostgreSQL terminated 5 times',
    touches,
    inject: ({ stack }) =>
      withSql(stack.postgres.url, async (sql) => {
        for (let times = 0; times < 5; times++) {
          await terminateAll(sql);
          await sleep(200);
        }
      }),
  },
  {
    name: 'PostgreSQL out of connections, 2 s',
    touches,
    inject: ({ stack }) => withSql(stack.postgres.url, (sql) => takeAllConnections(sql, stack.postgres.url)),
  },
  {
    name: 'links locked, 3 s',
    touches,
    inject: ({ stack }) =>
      withSql(stack.postgres.url, (sql) =>
        sql.begin(async (transaction) => {
          await transaction`lock table links in access exclusive mode`;
          await sleep(3000);
        }),
      ),
  },
  {
    name: 'visit-writer in a deadlock',
    // It needs visits that arrive and a writer that stores them.
    touches: ['postgres', 'visit-writer', 'rabbitmq', 'redirect'],
    inject: ({ stack }) => withSql(stack.postgres.url, forceDeadlock),
  },
  {
    name: 'disk of PostgreSQL full for visits, 2 s',
    touches,
    inject: ({ stack }) =>
      withSql(stack.postgres.url, async (sql) => {
        // The message and the code of the server on a full disk.
        await sql.unsafe(`
          create function no_space() returns trigger language plpgsql as $$ begin
            raise exception 'could not extend file: No space left on device' using errcode = '53100';
          end $$;
          create trigger no_space before insert on visits for each statement execute function no_space();
        `);
        await sleep(2000);
        await sql.unsafe('drop trigger no_space on visits; drop function no_space()');
      }),
  },
];

function terminateAll(sql: postgres.Sql): Promise<unknown> {
  return sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name like 'terse-%' and pid <> pg_backend_pid()
  `;
}

async function takeAllConnections(sql: postgres.Sql, url: string): Promise<void> {
  const [{ max_connections: max } = { max_connections: '0' }] = await sql<
    { max_connections: string }[]
  >`show max_connections`;
  const taken = Array.from({ length: Number(max) }, () =>
    postgres(url, { max: 1, onnotice: () => {}, connection: { application_name: 'greedy' } }),
  );
  const until = performance.now() + 2000;
  while (performance.now() < until) {
    await Promise.allSettled(taken.map((each) => each`select 1`));
    await terminateAll(sql);
  }
  await Promise.all(taken.map((each) => each.end()));
}

/** Locks the table that the writer locks last, waits until the writer has the first one, and locks that, too. */
async function forceDeadlock(sql: postgres.Sql): Promise<void> {
  const deadlocks = async () => {
    const [row] = await sql<{ deadlocks: number }[]>`
      select deadlocks::int from pg_stat_database where datname = current_database()
    `;
    return row?.deadlocks ?? 0;
  };
  const before = await deadlocks();
  for (let attempt = 0; attempt < 5 && (await deadlocks()) === before; attempt++) {
    await sql
      .begin(async (transaction) => {
        // The planner chooses the table that the writer locks first.
        const tables = ['visits', 'rollup_deltas'];
        const [first, second] = attempt % 2 === 0 ? tables : tables.toReversed();
        await transaction.unsafe(`lock table ${first} in share mode`);
        // Less than the second after which PostgreSQL checks the writer for a deadlock.
        await sleep(600);
        await transaction.unsafe(`lock table ${second} in share mode`);
      })
      // One of the two is the victim, and it may be this one.
      .catch(() => {});
    // The server updates its statistics once a second.
    await sleep(1000);
  }
  assert.ok((await deadlocks()) > before, 'there was no deadlock');
}

import { createTestClock } from '@terse/core/test-clock';
import { migrate } from '@terse/repository/migrate';
import { openBareDatabase } from '@terse/repository/test-database';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type FunctionName, readConfig } from './config.ts';
import {
  type Context,
  createContext,
  openCounterFlush,
  openGateway,
  openLinks,
  type Opened,
  openRedirect,
  openStats,
  openVisitWriter,
} from './dependencies.ts';
import { START_GRACE_MS } from './readiness.ts';
import { openTestParts } from './test-parts.ts';

/** Nothing listens at port 1. */
const NOWHERE = {
  DATABASE_URL: 'postgres://user:pw@127.0.0.1:1/terse',
  REDIS_URL: 'redis://127.0.0.1:1',
  RABBITMQ_URL: 'amqp://127.0.0.1:1',
  BASE_URL: 'https://go.example',
  JOURNAL_DIR: 'none',
  LOG_LEVEL: 'silent',
};

const OPEN: readonly (readonly [FunctionName, (context: Context) => Promise<Opened>, parts: number])[] = [
  ['redirect', openRedirect, 3],
  ['links', openLinks, 2],
  ['stats', openStats, 1],
  ['visit-writer', openVisitWriter, 2],
  ['counter-flush', openCounterFlush, 3],
];

test.each(OPEN)('%s does not start, however long, where it reaches nothing', async (name, open, parts) => {
  const clock = createTestClock();
  const opened = await open(createContext(name, readConfig(name, NOWHERE), clock));
  onTestFinished(() => opened.close());
  expect(await opened.started()).toBe(false);
  clock.advance(10 * START_GRACE_MS);
  expect(await opened.started()).toBe(false);
  expect(await opened.metricsText()).toContain(`parts_unreached ${parts}\n`);
});

test.each(OPEN)(
  '%s is not ready on a database without tables, says what makes them, and becomes ready',
  async (name, open) => {
    const database = await openBareDatabase();
    onTestFinished(() => database.close());
    const settings = { ...NOWHERE, DATABASE_URL: database.url, LOG_LEVEL: 'error' };
    const context = createContext(name, readConfig(name, settings), createTestClock());
    const error = vi.spyOn(context.log, 'error').mockReturnValue();
    const opened = await open(context);
    onTestFinished(() => opened.close());
    const hasDatabase = async () => (await opened.readiness()).parts['database'];
    expect([await hasDatabase(), await hasDatabase()]).toEqual([false, false]);
    const told = error.mock.calls.filter((call) => String(call[1]).includes('npm run migrate'));
    expect(told).toHaveLength(1);
    await migrate(database.db);
    expect(await hasDatabase()).toBe(true);
  },
);

test('the gateway, which has no parts, starts at once', async () => {
  const origin = 'http://127.0.0.1:1';
  const settings = { REDIRECT_ORIGIN: origin, LINKS_ORIGIN: origin, STATS_ORIGIN: origin };
  const opened = openGateway(createContext('gateway', readConfig('gateway', settings)));
  expect(await opened.started()).toBe(true);
});

test('starts where every part answers', async () => {
  const opened = await openTestParts();
  onTestFinished(() => opened.close());
  expect(await opened.started()).toBe(true);
  expect(await opened.metricsText()).toContain('parts_unreached 0\n');
});

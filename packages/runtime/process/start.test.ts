import { createTestClock } from '@terse/platform/test-clock';
import { migrate } from '@terse/repository/migrate';
import { openBareDatabase } from '@terse/repository/test-database';
import { expect, onTestFinished, test, vi } from 'vitest';
import { readConfig } from '../settings/config.ts';
import { type Context, createContext } from '../context.ts';
import { openCounterFlush } from '../functions/counter-flush.ts';
import { openGateway } from '../functions/gateway.ts';
import { openLinks } from '../functions/links.ts';
import { type Opened } from '../opened.ts';
import { openRedirect } from '../functions/redirect.ts';
import { openStats } from '../functions/stats.ts';
import { openVisitWriter } from '../functions/visit-writer.ts';
import { START_GRACE_MS } from '../telemetry/readiness.ts';
import { openTestServices } from '../services/test-services.ts';
import { type FunctionName, MANIFESTS } from '../../../functions/manifests.ts';
import { originsAt } from '../../../functions/test-origins.ts';

/** Nothing listens at port 1. */
const NOWHERE = {
  DATABASE_URL: 'postgres://user:pw@127.0.0.1:1/terse',
  REDIS_URL: 'redis://127.0.0.1:1',
  RABBITMQ_URL: 'amqp://127.0.0.1:1',
  BASE_URL: 'https://go.example',
  JOURNAL_DIR: 'none',
  LOG_LEVEL: 'silent',
};

const OPEN: readonly (readonly [FunctionName, (context: Context) => Promise<Opened>, services: number])[] = [
  ['redirect', openRedirect, 3],
  ['links', openLinks, 2],
  ['stats', openStats, 1],
  ['visit-writer', openVisitWriter, 2],
  ['counter-flush', openCounterFlush, 3],
];

test.each(OPEN)('%s never starts while it reaches no backing service', async (name, open, services) => {
  const clock = createTestClock();
  const opened = await open(createContext(MANIFESTS[name], readConfig(MANIFESTS[name], NOWHERE), clock));
  onTestFinished(() => opened.close());
  expect(await opened.started()).toBe(false);
  clock.advance(10 * START_GRACE_MS);
  expect(await opened.started()).toBe(false);
  expect(await opened.metricsText()).toContain(`backing_services_unreached ${services}\n`);
});

test.each(OPEN)(
  '%s is not ready on a database without tables, says what makes them, and becomes ready',
  async (name, open) => {
    const database = await openBareDatabase();
    onTestFinished(() => database.close());
    const settings = { ...NOWHERE, DATABASE_URL: database.url, LOG_LEVEL: 'error' };
    const manifest = MANIFESTS[name];
    const context = createContext(manifest, readConfig(manifest, settings), createTestClock());
    const error = vi.spyOn(context.log, 'error').mockReturnValue();
    const opened = await open(context);
    onTestFinished(() => opened.close());
    const hasDatabase = async () => (await opened.readiness()).services['database'];
    expect([await hasDatabase(), await hasDatabase()]).toEqual([false, false]);
    const told = error.mock.calls.filter((call) => String(call[1]).includes('npm run migrate'));
    expect(told).toHaveLength(1);
    await migrate(database.db);
    expect(await hasDatabase()).toBe(true);
  },
);

test('the gateway, which has no backing services, starts at once', async () => {
  const settings = originsAt('http://127.0.0.1:1');
  const opened = openGateway(createContext(MANIFESTS.gateway, readConfig(MANIFESTS.gateway, settings)));
  expect(await opened.started()).toBe(true);
});

test('starts when every backing service answers', async () => {
  const opened = await openTestServices();
  onTestFinished(() => opened.close());
  expect(await opened.started()).toBe(true);
  expect(await opened.metricsText()).toContain('backing_services_unreached 0\n');
});

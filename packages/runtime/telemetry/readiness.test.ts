import { createTestClock } from '@terse/platform/test-clock';
import { expect, test } from 'vitest';
import { createReadinessGate, START_GRACE_MS } from './readiness.ts';

/** The backing services of a redirect, which needs only one of the first two. */
function open(isUp: Record<'database' | 'cache' | 'queue', boolean>) {
  const clock = createTestClock();
  const probe = (name: keyof typeof isUp) => () =>
    isUp[name] ? Promise.resolve() : Promise.reject(new Error(`${name} is down`));
  const gate = createReadinessGate({
    probes: { database: probe('database'), cache: probe('cache'), queue: probe('queue') },
    isEnough: ({ database, cache }) => Boolean(database) || Boolean(cache),
    clock,
  });
  return { gate, clock, isUp };
}

const ALL_DOWN = { database: false, cache: false, queue: false };
const ALL_UP = { database: true, cache: true, queue: true };

test('has started once every backing service has answered, one after the other', async () => {
  const { gate, isUp } = open({ ...ALL_DOWN });
  expect(await gate.started()).toBe(false);
  Object.assign(isUp, { database: true, cache: true });
  expect(await gate.started()).toBe(false);
  Object.assign(isUp, { database: false, queue: true });
  expect(await gate.started()).toBe(true);
});

test('stays started when every backing service goes down, and is no longer ready', async () => {
  const { gate, isUp } = open({ ...ALL_UP });
  expect(await gate.started()).toBe(true);
  Object.assign(isUp, ALL_DOWN);
  expect(await gate.started()).toBe(true);
  expect(await gate.readiness()).toMatchObject({ ready: false });
});

test('starts after a grace without a backing service that it can do without', async () => {
  const { gate, clock } = open({ ...ALL_DOWN, database: true });
  clock.advance(START_GRACE_MS - 1);
  expect(await gate.started()).toBe(false);
  clock.advance(1);
  expect(await gate.started()).toBe(true);
});

test('never starts without the backing services that it needs', async () => {
  const { gate, clock } = open({ ...ALL_DOWN, queue: true });
  clock.advance(100 * START_GRACE_MS);
  expect(await gate.started()).toBe(false);
});

test('says how many backing services have never answered', async () => {
  const { gate, isUp } = open({ ...ALL_DOWN, database: true });
  expect(await gate.unreached()).toBe(2);
  Object.assign(isUp, { database: false, cache: true });
  expect(await gate.unreached()).toBe(1);
  Object.assign(isUp, { cache: false, queue: true });
  expect(await gate.unreached()).toBe(0);
  Object.assign(isUp, ALL_DOWN);
  expect(await gate.unreached()).toBe(0);
});

test('a function without backing services has started', async () => {
  const gate = createReadinessGate({ probes: {}, clock: createTestClock() });
  expect(await gate.started()).toBe(true);
});

test('is unready from the moment that it is told to stop', async () => {
  const { gate } = open({ ...ALL_UP });
  expect((await gate.readiness()).ready).toBe(true);
  gate.stop();
  expect((await gate.readiness()).ready).toBe(false);
  expect(await gate.started()).toBe(true);
});

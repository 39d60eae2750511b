import { expect, test, vi } from 'vitest';
import { createTelemetry } from './telemetry.ts';

test('shows how many bytes Redis uses, and nothing while Redis does not answer', async () => {
  const telemetry = createTelemetry();
  let answer: () => Promise<number | undefined> = () => Promise.resolve(1_048_576);
  telemetry.showRedisUsedBytes(() => answer());
  expect(await telemetry.metricsText()).toMatch(/^redis_used_bytes 1048576$/m);
  answer = () => Promise.reject(new Error('down'));
  expect(await telemetry.metricsText()).not.toMatch(/^redis_used_bytes/m);
  answer = () => Promise.resolve(undefined);
  expect(await telemetry.metricsText()).not.toMatch(/^redis_used_bytes/m);
});

test('shows how many messages wait, asks once for all readers, and shows nothing without an answer', async () => {
  const waiting = vi.fn(() => Promise.resolve(7));
  const backlog = { waiting, dead: () => Promise.reject(new Error('down')), unacknowledged: () => 3 };
  const { showVisitQueue, metricsText } = createTelemetry();
  showVisitQueue(backlog);
  const [first, second] = await Promise.all([metricsText(), metricsText()]);
  expect(first).toMatch(/^visit_queue_ready_messages 7$/m);
  expect(second).toMatch(/^visit_queue_ready_messages 7$/m);
  expect(first).not.toMatch(/^visit_queue_dead_messages/m);
  expect(waiting).toHaveBeenCalledTimes(1);
});

test('does not wait long for a queue that does not answer', async () => {
  const never = () => new Promise<number>(() => {});
  const { showVisitQueue, metricsText } = createTelemetry();
  showVisitQueue({ waiting: never, dead: () => Promise.resolve(2), unacknowledged: () => 0 });
  const text = await metricsText();
  expect(text).not.toMatch(/^visit_queue_ready_messages/m);
  expect(text).toMatch(/^visit_queue_dead_messages 2$/m);
});

test('shows how many messages a writer holds, and whether it stores nothing', async () => {
  let stalled = false;
  const { showVisitStorage, metricsText } = createTelemetry();
  showVisitStorage({ unacknowledged: () => 3 }, { isStalled: () => stalled });
  expect(await metricsText()).toMatch(/^visit_queue_unacknowledged_messages 3$/m);
  expect(await metricsText()).toMatch(/^visit_storage_stalled 0$/m);
  stalled = true;
  expect(await metricsText()).toMatch(/^visit_storage_stalled 1$/m);
});

test('shows the same totals, however often they are read', async () => {
  const { metrics, metricsText } = createTelemetry();
  metrics.redirected('redirect');
  metrics.redirected('redirect');
  metrics.redirected('unknown');
  metrics.visitsDropped('buffer_full', 3);
  metrics.visitsStored(7);
  await metricsText();
  const text = await metricsText();
  expect(text).toContain('redirects_total{outcome="redirect"} 2\n');
  expect(text).toContain('redirects_total{outcome="unknown"} 1\n');
  expect(text).toContain('visits_dropped_total{reason="buffer_full"} 3\n');
  expect(text).toContain('visits_stored_total 7\n');
});

test('shows every value of every label from the start, as 0', async () => {
  const text = await createTelemetry().metricsText();
  const counters = [...text.matchAll(/^# TYPE (\w+) counter$/gm)].flatMap(([, name = '']) => name);
  const ofProcess = counters.filter((name) => name.startsWith('process_'));
  expect(counters.length - ofProcess.length).toBeGreaterThan(15);
  for (const name of counters) expect(text).toMatch(new RegExp(`^${name}(?:{[^}]+})? [0-9]`, 'm'));
  for (const reason of ['buffer_full', 'journal_full', 'shutdown']) {
    expect(text).toContain(`visits_dropped_total{reason="${reason}"} 0\n`);
  }
});

test('shows the metrics of the process, except garbage collections', async () => {
  const text = await createTelemetry().metricsText();
  for (const name of [
    'process_cpu_seconds_total',
    'process_resident_memory_bytes',
    'nodejs_eventloop_lag_p99_seconds',
  ]) {
    expect(text).toMatch(new RegExp(`^${name} [0-9.e-]+$`, 'm'));
  }
  expect(text).not.toContain('nodejs_gc_duration_seconds');
});

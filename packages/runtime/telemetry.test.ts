import { expect, test } from 'vitest';
import { createTelemetry } from './telemetry.ts';

test('shows what Redis holds, and nothing while Redis does not answer', async () => {
  const telemetry = createTelemetry();
  let answer: () => Promise<number | undefined> = () => Promise.resolve(1_048_576);
  telemetry.showRedisUsedBytes(() => answer());
  expect(await telemetry.metricsText()).toMatch(/^redis_used_bytes 1048576$/m);
  answer = () => Promise.reject(new Error('down'));
  expect(await telemetry.metricsText()).not.toMatch(/^redis_used_bytes/m);
  answer = () => Promise.resolve(undefined);
  expect(await telemetry.metricsText()).not.toMatch(/^redis_used_bytes/m);
});

test('tells how often each thing was reported so far, however often it is asked', async () => {
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

test('tells every value of every label from the start, as 0', async () => {
  const text = await createTelemetry().metricsText();
  const counters = [...text.matchAll(/^# TYPE (\w+) counter$/gm)].flatMap(([, name = '']) => name);
  const ofProcess = counters.filter((name) => name.startsWith('process_'));
  expect(counters.length - ofProcess.length).toBeGreaterThan(15);
  for (const name of counters) expect(text).toMatch(new RegExp(`^${name}(?:{[^}]+})? [0-9]`, 'm'));
  for (const reason of ['buffer_full', 'journal_full', 'shutdown'])
    expect(text).toContain(`visits_dropped_total{reason="${reason}"} 0\n`);
});

test('tells how the process is, but for each garbage collection', async () => {
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

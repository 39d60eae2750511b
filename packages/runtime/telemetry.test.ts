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

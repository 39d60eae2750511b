import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { createEventLoopPressure } from './pressure.ts';

test('rises as long as the event loop is held up, and falls when it is not', async () => {
  const pressure = createEventLoopPressure();
  expect(pressure()).toBe(0);
  for (let holds = 0; holds < 5; holds++) {
    const until = performance.now() + 300;
    while (performance.now() < until);
    await sleep(1);
  }
  expect(pressure()).toBeGreaterThan(0.3);
  await vi.waitFor(() => expect(pressure()).toBeLessThan(0.3), { timeout: 30_000 });
}, 60_000);

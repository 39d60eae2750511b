import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { createEventLoopPressure } from './pressure.ts';

async function holdUp(times: number): Promise<void> {
  for (let holds = 0; holds < times; holds++) {
    const until = performance.now() + 300;
    while (performance.now() < until);
    await sleep(1);
  }
}

test('rises when the event loop is held up time after time, not by a single long step, and falls again', async () => {
  const pressure = createEventLoopPressure();
  await holdUp(1);
  expect(pressure()).toBeLessThan(0.3);
  await holdUp(7);
  expect(pressure()).toBeGreaterThan(0.3);
  await vi.waitFor(() => expect(pressure()).toBeLessThan(0.3), { timeout: 30_000 });
}, 60_000);

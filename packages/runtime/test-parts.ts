import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestClock, type TestClock } from '@terse/core/test-clock';
import { readConfig } from './config.ts';
import { type Dependencies, openDependencies } from './dependencies.ts';
import { createLog, type Logger } from './log.ts';
import { createTelemetry, type Telemetry } from './telemetry.ts';

export const TEST_API_KEY = 'test-key-0123456789abcdef';

/** All that a function's app asks for, on embedded parts in a folder of their own and under a clock that stands still. */
export interface TestParts extends Omit<Dependencies, 'close'>, Telemetry {
  readonly baseUrl: URL;
  readonly clock: TestClock;
  readonly log: Logger;
  readonly readiness: Dependencies['readinessGate']['readiness'];
  readonly clientIp: () => null;
  readonly country: () => null;
  close(): Promise<void>;
}

export async function openTestParts(): Promise<TestParts> {
  const directory = await mkdtemp(join(tmpdir(), 'terse-test-'));
  const baseUrl = new URL('https://go.example');
  const clock = createTestClock();
  const log = createLog('silent');
  const telemetry = createTelemetry();
  const config = readConfig({ DATA_DIR: directory, ADMIN_API_KEY: TEST_API_KEY });
  const parts = await openDependencies({ config, baseUrl, log, telemetry, clock });
  return {
    ...parts,
    ...telemetry,
    baseUrl,
    clock,
    log,
    readiness: parts.readinessGate.readiness,
    clientIp: () => null,
    country: () => null,
    close: async () => {
      await parts.close();
      await rm(directory, { recursive: true });
    },
  };
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestClock, type TestClock } from '@terse/platform/test-clock';
import { openTestDatabase } from '@terse/repository/test-database';
import { readConfig } from '../settings/config.ts';
import { createContext } from '../context.ts';
import { type Opened } from '../opened.ts';
import { openStandalone, type StandaloneServices } from '../functions/standalone.ts';
import { MANIFESTS } from '../../../functions/manifests.ts';

export const TEST_API_KEY = 'test-key-0123456789abcdef';

/** All that a function's app needs, on a new database and folder, under a clock that stands still. */
export interface TestServices extends StandaloneServices, Opened {
  readonly clock: TestClock;
  readonly clientIp: () => null;
  readonly country: () => null;
}

export async function openTestServices(): Promise<TestServices> {
  const database = await openTestDatabase();
  const directory = await mkdtemp(join(tmpdir(), 'terse-test-'));
  const clock = createTestClock();
  const config = readConfig(MANIFESTS.standalone, {
    DATABASE_URL: database.url,
    DATA_DIR: directory,
    ADMIN_API_KEY: TEST_API_KEY,
    BASE_URL: 'https://go.example',
    LOG_LEVEL: 'silent',
  });
  const services = await openStandalone(createContext(MANIFESTS.standalone, config, clock));
  return {
    ...services,
    clock,
    clientIp: () => null,
    country: () => null,
    close: async () => {
      // An open journal would make the folder again.
      await services.recorder.close(0);
      await services.close();
      await database.close();
      await rm(directory, { recursive: true });
    },
  };
}

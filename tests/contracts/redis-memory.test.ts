import { readConfig } from '@terse/runtime/settings/config';
import { createContext } from '@terse/runtime/context';
import { openStore } from '@terse/runtime/services/open-services';
import { expect, test } from 'vitest';
import { describeOnRealServices } from '../on-real-services.ts';
import { MANIFESTS } from '../../functions/manifests.ts';

describeOnRealServices('Redis', ({ redisUrl, upstashUrl, upstashToken }) => {
  test.each([
    ['TCP', { REDIS_URL: redisUrl }],
    ['REST', { UPSTASH_REDIS_REST_URL: upstashUrl, UPSTASH_REDIS_REST_TOKEN: upstashToken }],
  ])('reports its memory over %s', async (_, settings) => {
    const config = readConfig(MANIFESTS.links, {
      DATABASE_URL: 'postgres://nowhere/terse',
      BASE_URL: 'https://go.example',
      ...settings,
    });
    const store = await openStore(createContext(MANIFESTS.links, config));
    await expect.poll(() => store.usedBytes().catch(() => 0), { timeout: 20_000 }).toBeGreaterThan(100_000);
    await store.close();
  });
});

import { expect, test } from 'vitest';
import { MANIFESTS } from '../../../functions/manifests.ts';
import { readConfig } from './config.ts';

test('a replica is refused where nothing names its database', () => {
  const DATABASE_READ_URL = 'postgres://replica/terse';
  for (const settings of [{}, { DATABASE_URL: 'memory:' }]) {
    expect(() => readConfig(MANIFESTS.standalone, { ...settings, DATABASE_READ_URL })).toThrow(
      'DATABASE_READ_URL must not be set without DATABASE_URL',
    );
  }
});

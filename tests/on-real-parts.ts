import { describe, inject } from 'vitest';
import type { RealParts } from './real-parts.ts';

const NOWHERE: RealParts = {
  databaseUrl: '',
  pooledUrl: '',
  redisUrl: '',
  upstashUrl: '',
  upstashToken: '',
  rabbitmqUrl: '',
};

/** Describes what needs the real servers; where there are none it is skipped, and the run says why. */
export function describeOnRealParts(name: string, define: (parts: RealParts) => void): void {
  const parts = inject('realParts');
  describe.skipIf(!parts)(name, () => {
    define(parts ?? NOWHERE);
  });
}

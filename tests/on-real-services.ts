import { describe, inject } from 'vitest';
import type { RealServices } from './real-services.ts';

const NOWHERE: RealServices = {
  databaseUrl: '',
  pooledUrl: '',
  redisUrl: '',
  upstashUrl: '',
  upstashToken: '',
  rabbitmqUrl: '',
};

/** Describes tests that need the real servers. Without servers they are skipped, and the run says why. */
export function describeOnRealServices(name: string, define: (services: RealServices) => void): void {
  const services = inject('realServices');
  describe.skipIf(!services)(name, () => {
    define(services ?? NOWHERE);
  });
}

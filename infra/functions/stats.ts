import { manifest } from '../../functions/stats/manifest.ts';
import type { MigratedPlace } from './place.ts';
import { createPublicFunction } from './public.ts';

export function createStats(place: MigratedPlace) {
  return createPublicFunction(place, manifest, {
    priority: 10,
    secrets: { ADMIN_API_KEY: [place.adminKey, 'key'] },
  });
}

import { manifest } from '../../functions/stats/manifest.ts';
import { createApiFunction } from './api.ts';
import type { MigratedPlace } from './place.ts';

export function createStats(place: MigratedPlace) {
  return createApiFunction(place, manifest, { priority: 10 });
}

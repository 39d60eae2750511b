import { manifest } from '../../functions/links/manifest.ts';
import type { MigratedPlace } from './place.ts';
import { createPublicFunction } from './public.ts';

/** A load balancer accepts 1 MB from a Lambda; the answer to a bulk request is several times its size. */
const BODY_KB_ON_LAMBDA = '128';

export function createLinks(place: MigratedPlace) {
  const { stage, adminKey } = place;
  return createPublicFunction(place, manifest, {
    priority: 20,
    environment: {
      BASE_URL: `https://${stage.domain}`,
      ...(stage.api === 'lambda' && { MAX_BODY_KB: BODY_KB_ON_LAMBDA }),
    },
    secrets: { ADMIN_API_KEY: [adminKey, 'key'] },
  });
}

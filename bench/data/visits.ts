import type { CompleteVisit } from '@terse/core/visits/visit';
import { v7 as uuidv7 } from 'uuid';
import { USER_AGENTS } from '../../harness/fixtures/web.ts';
import { createRandom } from '../../harness/random.ts';
import { codeOf, createZipf, pick, URLS } from './samples.ts';

const COUNTRIES = ['DE', 'FR', 'US', 'BR', 'IN', 'JP'];

/** Makes visits of this moment; a few links have most of them. */
export function createVisits(howMany: number, links: number): CompleteVisit[] {
  const random = createRandom(Date.now());
  const draw = createZipf(links, random);
  return Array.from({ length: howMany }, () => {
    const timestamp = Date.now();
    return {
      id: uuidv7({ msecs: timestamp }),
      short_code: codeOf(draw()),
      ip: '192.0.2.0',
      timestamp,
      user_agent: pick(USER_AGENTS, random),
      referrer: random() < 0.5 ? pick(URLS, random) : null,
      country: pick(COUNTRIES, random),
      is_bot: random() < 0.05,
    };
  });
}

import { v7 as uuidv7 } from 'uuid';
import { testLink } from '../links/test-link.ts';
import type { DescribedVisit } from './visit-description.ts';

/** A visit of `testLink` by a person, with a new id. Nothing else is known of it. */
export function testVisitAt(time: string, more: Partial<DescribedVisit> = {}): DescribedVisit {
  const timestamp = Date.parse(time);
  return {
    id: uuidv7({ msecs: timestamp }),
    short_code: testLink.short_code,
    ip: null,
    timestamp,
    user_agent: null,
    referrer: null,
    country: null,
    is_bot: false,
    referrer_host: null,
    browser: null,
    os: null,
    device: null,
    ...more,
  };
}

import { v7 as uuidv7 } from 'uuid';
import { testLink } from '../links/test-link.ts';
import type { DescribedVisit } from './visit-description.ts';
import type { CompleteVisit } from './visit.ts';

/** A visit of `testLink` by a person of whom nothing is known, as it is recorded. */
export const testVisit: CompleteVisit = {
  id: '01a20d74-b2d3-75ae-b5ad-edd32e73337f',
  short_code: testLink.short_code,
  ip: null,
  timestamp: 1_795_521_600_000,
  user_agent: null,
  referrer: null,
  country: null,
  is_bot: false,
};

/** The same visit at a time, with a new id, as it is stored. */
export function testVisitAt(time: string, more: Partial<DescribedVisit> = {}): DescribedVisit {
  const timestamp = Date.parse(time);
  return {
    ...testVisit,
    id: uuidv7({ msecs: timestamp }),
    timestamp,
    referrer_host: null,
    browser: null,
    os: null,
    device: null,
    ...more,
  };
}

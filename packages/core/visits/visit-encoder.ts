import { LRUCache } from 'lru-cache';
import type { Clock } from '@terse/platform/clock';
import type { ShortCode } from '../links/short-code.ts';
import type { Visitor } from '../links/visitor.ts';
import { isAutomatic } from './automatic-agent.ts';
import { storedReferrer } from './referrer.ts';
import { encodeVisit, truncateUserAgent } from './visit.ts';
import { createVisitIds } from './visit-id.ts';

/** What the redirect knows of a visit. */
export interface ObservedVisit extends Visitor {
  readonly shortCode: ShortCode;
  /**
   * Whether it is a `HEAD` request, which link checkers send under names of browsers, or a prefetch without a click.
   */
  readonly isProbe: boolean;
}

export interface EncodedVisit {
  readonly record: string;
  readonly shortCode: ShortCode;
  readonly isBot: boolean;
}

/** What all visits with the same user agent share. */
interface Agent {
  readonly isBot: boolean;
  readonly stored: string | null;
  readonly json: string;
}

const NO_AGENT: Agent = { isBot: true, stored: null, json: 'null' };
const AGENTS_REMEMBERED = 5000;

/** Returns a function that gives a visit its id and time, decides whether it was a person, and encodes it. */
export function createVisitEncoder(clock: Pick<Clock, 'now'>): (observed: ObservedVisit) => EncodedVisit {
  const agents = new LRUCache<string, Agent>({ max: AGENTS_REMEMBERED });
  const visitId = createVisitIds();

  function remember(userAgent: string): Agent {
    const agent = readAgent(userAgent);
    agents.set(userAgent, agent);
    return agent;
  }

  return ({ shortCode, userAgent, referrer, ip, country, isProbe }) => {
    const agent = userAgent === undefined ? NO_AGENT : (agents.get(userAgent) ?? remember(userAgent));
    const isBot = isProbe || agent.isBot;
    const now = clock.now();
    const visit = {
      id: visitId(now),
      short_code: shortCode,
      ip,
      timestamp: now,
      user_agent: agent.stored,
      referrer: referrer === undefined ? null : storedReferrer(referrer),
      country,
      is_bot: isBot,
    };
    return { record: encodeVisit(visit, agent.json), shortCode, isBot };
  };
}

function readAgent(userAgent: string): Agent {
  const stored = truncateUserAgent(userAgent);
  return { isBot: isAutomatic(userAgent), stored, json: JSON.stringify(stored) };
}

import { parse } from 'bowser';
import { LRUCache } from 'lru-cache';
import { hostOf, storedReferrer } from './referrer.ts';
import type { CompleteVisit, Visit } from './visit.ts';

const USER_AGENTS_REMEMBERED = 5000;
const REFERRERS_REMEMBERED = 5000;
const MAX_NAME_LENGTH = 64;

/** A visit with the browser, system and device of its user agent, and the host of its referrer. */
export interface DescribedVisit extends CompleteVisit {
  readonly referrer_host: string | null;
  readonly browser: string | null;
  readonly os: string | null;
  readonly device: string | null;
}

type Agent = Pick<DescribedVisit, 'browser' | 'os' | 'device'>;

const NO_AGENT: Agent = { browser: null, os: null, device: null };

interface Referrer {
  /** Cleaned again: a redirect of an earlier release recorded it whole. */
  readonly stored: string | null;
  readonly host: string | null;
}

const NO_REFERRER: Referrer = { stored: null, host: null };

/**
 * Returns a function that describes visits. It remembers results, because parsing a user agent takes tens of
 * microseconds, and few differ.
 */
export function createVisitDescriber(): (visit: Visit) => DescribedVisit {
  const agents = new LRUCache<string, Agent, undefined>({
    max: USER_AGENTS_REMEMBERED,
    memoMethod: (userAgent) => parseAgent(userAgent),
  });
  const referrers = new LRUCache<string, Referrer, undefined>({
    max: REFERRERS_REMEMBERED,
    memoMethod: (referrer) => ({ stored: storedReferrer(referrer), host: hostOf(referrer) }),
  });
  return (visit) => {
    const { browser, os, device } = visit.user_agent ? agents.memo(visit.user_agent) : NO_AGENT;
    const { stored, host } = visit.referrer === null ? NO_REFERRER : referrers.memo(visit.referrer);
    return {
      id: visit.id,
      short_code: visit.short_code,
      ip: visit.ip,
      timestamp: visit.timestamp,
      user_agent: visit.user_agent,
      referrer: stored,
      country: visit.country,
      is_bot: visit.is_bot,
      referrer_host: host,
      browser,
      os,
      device,
    };
  };
}

function parseAgent(userAgent: string): Agent {
  const { browser, os, platform } = parse(userAgent);
  return { browser: name(browser.name), os: name(os.name), device: name(platform.type) };
}

/** Drops a name that begins with a parenthesis, as rows such as `(other)` do. */
function name(text: string | undefined): string | null {
  return text && !text.startsWith('(') ? text.slice(0, MAX_NAME_LENGTH) : null;
}

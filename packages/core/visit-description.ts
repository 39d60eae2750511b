import { parse } from 'bowser';
import { LRUCache } from 'lru-cache';
import type { Visit } from './visit.ts';

const USER_AGENTS_REMEMBERED = 5000;
const REFERRERS_REMEMBERED = 5000;
const MAX_NAME_LENGTH = 64;

/** A visit with what can be read from it: by which browser, on what, and from where. */
export interface DescribedVisit extends Visit {
  readonly referrer_host: string | null;
  readonly browser: string | null;
  readonly os: string | null;
  readonly device: string | null;
}

type Agent = Pick<DescribedVisit, 'browser' | 'os' | 'device'>;

const NO_AGENT: Agent = { browser: null, os: null, device: null };

interface Origin {
  readonly host: string | null;
}

/** Describes visits. Parsing takes microseconds, of a user agent tens of them, and few differ, so results are remembered. */
export function createVisitDescriber(): (visit: Visit) => DescribedVisit {
  const agents = new LRUCache<string, Agent, undefined>({
    max: USER_AGENTS_REMEMBERED,
    memoMethod: (userAgent) => parseAgent(userAgent),
  });
  const origins = new LRUCache<string, Origin, undefined>({
    max: REFERRERS_REMEMBERED,
    memoMethod: (referrer) => ({ host: hostOf(referrer) }),
  });
  return (visit) => {
    const { browser, os, device } = visit.user_agent ? agents.memo(visit.user_agent) : NO_AGENT;
    return {
      id: visit.id,
      short_code: visit.short_code,
      ip: visit.ip,
      timestamp: visit.timestamp,
      user_agent: visit.user_agent,
      referrer: visit.referrer,
      country: visit.country,
      is_bot: visit.is_bot,
      referrer_host: visit.referrer === null ? null : origins.memo(visit.referrer).host,
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

function name(text: string | undefined): string | null {
  return text ? text.slice(0, MAX_NAME_LENGTH) : null;
}

function hostOf(referrer: string): string | null {
  const host = URL.parse(referrer)?.hostname.replace(/^www\./, '');
  return host ? host.slice(0, 253) : null;
}

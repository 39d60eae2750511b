import { isDeepStrictEqual } from 'node:util';
import type { CachedLink } from '../link.ts';
import { isSafeTarget } from '../original-url.ts';
import type { Visitor } from '../visitor.ts';
import type { Resolution, Rule } from './resolution.ts';

/** A link in memory. All that does not depend on the visitor is already made, so a hit allocates nothing. */
export interface PreparedLink {
  readonly copy: CachedLink;
  /** What the link answers until it expires, or the rule that decides it. */
  readonly answer: Resolution | Rule;
  /** Milliseconds since the epoch; infinity when it does not expire. */
  readonly expiresAt: number;
}

const UNKNOWN: Resolution = { kind: 'unknown' };
const DELETED: Resolution = { kind: 'deleted' };
const EXPIRED: Resolution = { kind: 'expired' };
const BLOCKED: Resolution = { kind: 'blocked' };

/** Decides the answer to a visitor at the time `now`. Runs for every visitor: no I/O, no promise, no allocation. */
export function decide({ answer, expiresAt }: PreparedLink, visitor: Visitor, now: number): Resolution {
  if (expiresAt <= now) return EXPIRED;
  return typeof answer === 'function' ? answer(visitor) : answer;
}

/** Does once for a link what `decide` would otherwise repeat for each visitor. */
export function prepare(copy: CachedLink): PreparedLink {
  if (copy.state !== 'active') {
    return { copy, answer: copy.state === 'deleted' ? DELETED : UNKNOWN, expiresAt: Infinity };
  }
  const { original_url: location, redirect_status: status, expires_at } = copy;
  if (!isSafeTarget(location)) return { copy, answer: BLOCKED, expiresAt: Infinity };
  return { copy, answer: { kind: 'redirect', location, status }, expiresAt: expires_at ?? Infinity };
}

/** Whether two copies of a link lead to the same answers. */
export function isSameLink(one: CachedLink, other: CachedLink): boolean {
  return one === other || isDeepStrictEqual(answeredFields(one), answeredFields(other));
}

/** The copy without the fields that no answer depends on. */
function answeredFields(copy: CachedLink): object {
  return { ...copy, version: undefined, read_at: undefined };
}

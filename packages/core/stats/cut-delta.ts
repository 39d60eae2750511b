import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ShortCode } from '../links/short-code.ts';
import { createVisitDescriber, type DescribedVisit } from '../visits/visit-description.ts';
import type { ValueCount, RollupDelta } from './rollup.ts';
import type { CutDays } from './ports.ts';

/** Yields to other requests after this many: parsing a user agent that is not remembered takes up to 50 µs. */
const READ_AT_ONCE = 200;

/** Returns a function that turns the visits of cut days into deltas, as the writer does for whole days. */
export function createCutDelta(): (code: ShortCode, cut: CutDays) => Promise<RollupDelta[]> {
  const describe = createVisitDescriber();

  async function count(
    counts: readonly ValueCount[],
    read: (value: string) => DescribedVisit,
    ...sums: readonly [field: 'referrer_host' | 'browser' | 'os' | 'device', sum: Map<string, number>][]
  ): Promise<void> {
    for (const [index, [value, visits]] of counts.entries()) {
      if (index % READ_AT_ONCE === READ_AT_ONCE - 1) await nextTurn();
      const described = read(value);
      for (const [field, sum] of sums) {
        const name = described[field];
        if (name !== null) sum.set(name, (sum.get(name) ?? 0) + visits);
      }
    }
  }

  return async (short_code, { hours, referrers, countries, userAgents }) => {
    const [first] = hours;
    if (!first) return [];
    const nothing = { id: '', short_code, ip: null, timestamp: 0, country: null, is_bot: false };
    const [referrer, browser, os, device] = [new Map(), new Map(), new Map(), new Map()] as const;
    await count(referrers, (text) => describe({ ...nothing, referrer: text, user_agent: null }), [
      'referrer_host',
      referrer,
    ]);
    await count(
      userAgents,
      (text) => describe({ ...nothing, referrer: null, user_agent: text }),
      ['browser', browser],
      ['os', os],
      ['device', device],
    );
    const breakdown = {
      referrer: [...referrer],
      country: [...countries],
      browser: [...browser],
      os: [...os],
      device: [...device],
    };
    return [
      ...hours.map((hour) => ({ short_code, ...hour, breakdown: {} })),
      { short_code, hour: first.hour, visits: 0, bot_visits: 0, breakdown },
    ];
  };
}

import { Agent, request } from 'node:http';
import { BROWSER } from './browser.ts';

export interface VisitorsReport {
  /** The numbers of the visits that were answered with a redirect. */
  readonly answered: ReadonlySet<number>;
  /** Answers other than a redirect, by status; a connection that broke counts as `broken`. */
  readonly refused: ReadonlyMap<string, number>;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Visitors {
  /** Stops visiting, waits for the pending answers, and reports. A second call returns the same report. */
  stop(): Promise<VisitorsReport>;
}

export interface VisitorsOptions {
  readonly url: string;
  readonly perSecond: number;
}

const TICK_MS = 10;
const TIMEOUT_MS = 5000;

/** The referrer that identifies a stored visit. */
export const referrerOf = (visit: number) => `https://visits.example/${visit}`;

/** Sends visitors at a steady rate, also while answers are late; each visit has a number. */
export function sendVisitors({ url, perSecond }: VisitorsOptions): Visitors {
  const agent = new Agent({ keepAlive: true, maxSockets: 50 });
  const answered = new Set<number>();
  const refused = new Map<string, number>();
  const latencies: number[] = [];
  const pending = new Set<Promise<void>>();
  const startedAt = performance.now();
  let sent = 0;

  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * perSecond) - sent;
    for (let index = 0; index < due; index++) {
      const visiting = visit(sent++).finally(() => pending.delete(visiting));
      pending.add(visiting);
    }
  }, TICK_MS);

  async function visit(number: number): Promise<void> {
    const begin = performance.now();
    const status = await get(number);
    if (status === '307') answered.add(number);
    else refused.set(status, (refused.get(status) ?? 0) + 1);
    latencies.push(performance.now() - begin);
  }

  function get(number: number): Promise<string> {
    return new Promise((resolve) => {
      const headers = { 'User-Agent': BROWSER, Referer: referrerOf(number) };
      const outgoing = request(url, { agent, headers, timeout: TIMEOUT_MS }, (response) => {
        response.resume();
        response.on('end', () => resolve(String(response.statusCode)));
        response.on('error', () => resolve('broken'));
      });
      outgoing.on('timeout', () => outgoing.destroy());
      outgoing.on('error', () => resolve('broken'));
      outgoing.end();
    });
  }

  return {
    stop: async () => {
      clearInterval(timer);
      await Promise.all(pending);
      agent.destroy();
      latencies.sort((a, b) => a - b);
      const quantile = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0;
      return { answered, refused, p50Ms: quantile(0.5), p99Ms: quantile(0.99) };
    },
  };
}

import { setTimeout as sleep } from 'node:timers/promises';

const BROWSER =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Safari/537.36';
const PAUSE_MS = 10;

/** Follows a short URL as a browser does, but not to where it leads. */
export function visit(url: string, method = 'GET'): Promise<Response> {
  return fetch(url, { method, redirect: 'manual', headers: { 'User-Agent': BROWSER } });
}

export interface Visitors {
  /** How many visits were answered with a redirect so far. */
  answered(): number;
  /** Sends no more, waits for those under way, and returns how many were answered with a redirect. */
  leave(): Promise<number>;
}

/** People who follow a short URL again and again, whether they are answered or not. */
export function sendVisitors(url: string, people: number): Visitors {
  let answered = 0;
  const leaving = new AbortController();
  async function follow(): Promise<void> {
    while (!leaving.signal.aborted) {
      const response = await visit(url).catch(() => undefined);
      if (response?.status === 307) answered++;
      await sleep(PAUSE_MS);
    }
  }
  const following = Promise.all(Array.from({ length: people }, follow));
  return {
    answered: () => answered,
    leave: async () => {
      leaving.abort();
      await following;
      return answered;
    },
  };
}

import { setTimeout as sleep } from 'node:timers/promises';
import { visit } from '../../harness/clients/browser.ts';

const PAUSE_MS = 10;

export interface Visitors {
  /** Returns the number of visits answered with a redirect so far. */
  answered(): number;
  /** Sends no more, waits for pending answers, and returns the number of visits answered with a redirect. */
  leave(): Promise<number>;
}

/** Sends people who follow a short URL repeatedly, also without an answer. */
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

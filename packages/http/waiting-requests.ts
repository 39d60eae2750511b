import type { IncomingMessage, ServerResponse } from 'node:http';
import { DomainError } from '@terse/core/errors';
import { refuseWith } from './refused-request.ts';

export type Answer = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

/** Longer than a usual start, and shorter than callers wait. */
const WAIT_MS = 2000;
const MAX_WAITING = 1000;
const STARTING = new DomainError('unavailable', 'The service is starting. Try again shortly.');

/** Holds requests that arrive before the app can answer them. */
export interface WaitingRequests {
  /** Holds a request until `answerAll`. Refuses it after two seconds, or when a thousand wait. */
  add: Answer;
  answerAll(answer: Answer): void;
}

export function createWaitingRequests(): WaitingRequests {
  const waiting = new Map<ServerResponse, { incoming: IncomingMessage; timer: NodeJS.Timeout }>();

  function forget(outgoing: ServerResponse): void {
    clearTimeout(waiting.get(outgoing)?.timer);
    waiting.delete(outgoing);
  }

  return {
    add: (incoming, outgoing) => {
      if (waiting.size >= MAX_WAITING) {
        refuseWith(outgoing, STARTING);
        return;
      }
      const timer = setTimeout(() => {
        forget(outgoing);
        refuseWith(outgoing, STARTING);
      }, WAIT_MS);
      waiting.set(outgoing, { incoming, timer });
      outgoing.once('close', () => forget(outgoing));
    },
    answerAll: (answer) => {
      for (const [outgoing, { incoming }] of waiting) {
        forget(outgoing);
        answer(incoming, outgoing);
      }
    },
  };
}

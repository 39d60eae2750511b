import type { IncomingMessage, ServerResponse } from 'node:http';
import { SafeResponse } from './safe-response.ts';

type End = Parameters<ServerResponse['end']>;

/** How many responses wait for each other at most: more would make the first of them late, and the last no cheaper. */
const MAX_HELD = 64;

/**
 * Makes a class of responses whose ends leave together, once in a turn of the event loop, after the function that
 * `beforeResponses` returns was called. Nothing is held while it returns none, nor what is written before the end.
 */
export function holdResponses(beforeResponses: () => (() => void) | undefined): typeof ServerResponse {
  let held: HeldResponse[] = [];
  let endOfTurn: NodeJS.Immediate | undefined;

  function release(): void {
    clearImmediate(endOfTurn);
    endOfTurn = undefined;
    const ready = held;
    held = [];
    beforeResponses()?.();
    for (const response of ready) response.leave();
  }

  class HeldResponse<Request extends IncomingMessage = IncomingMessage> extends SafeResponse<Request> {
    #last: unknown[] | undefined;

    override end(...last: unknown[]): this {
      if (!beforeResponses()) return super.end(...(last as End));
      this.#last = last;
      held.push(this);
      if (held.length >= MAX_HELD) release();
      else endOfTurn ??= setImmediate(release);
      return this;
    }

    leave(): void {
      super.end(...((this.#last ?? []) as End));
    }
  }

  return HeldResponse;
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import { SafeResponse } from './safe-response.ts';

type End = Parameters<ServerResponse['end']>;

/** The most responses that are corked together. More would make the first of them late, and none of them cheaper. */
const MAX_CORKED = 64;

/**
 * Makes a class of corked responses. An ended response leaves together with the others of the same turn of the event
 * loop, after the function that `beforeResponses` returns was called. Bytes written before the end of a response are
 * not corked, and while `beforeResponses` returns nothing, no response is.
 */
export function corkResponses(beforeResponses: () => (() => void) | undefined): typeof ServerResponse {
  let corked: CorkedResponse[] = [];
  let endOfTurn: NodeJS.Immediate | undefined;

  function release(): void {
    clearImmediate(endOfTurn);
    endOfTurn = undefined;
    const ready = corked;
    corked = [];
    beforeResponses()?.();
    for (const response of ready) response.leave();
  }

  class CorkedResponse<Request extends IncomingMessage = IncomingMessage> extends SafeResponse<Request> {
    #last: unknown[] | undefined;

    override end(...last: unknown[]): this {
      if (!beforeResponses()) return super.end(...(last as End));
      this.#last = last;
      corked.push(this);
      if (corked.length >= MAX_CORKED) release();
      else endOfTurn ??= setImmediate(release);
      return this;
    }

    leave(): void {
      super.end(...((this.#last ?? []) as End));
    }
  }

  return CorkedResponse;
}

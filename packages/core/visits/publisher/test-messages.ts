import { openMessage, type OutgoingMessage } from './outgoing-message.ts';

/** A complete message with so many visits, none of which the journal has. */
export function completeMessage(text: string, count = 1): OutgoingMessage {
  return {
    ...openMessage(),
    visits: [{ segment: undefined, count }],
    count,
    bytes: { body: Buffer.from(text), release: () => {} },
  };
}

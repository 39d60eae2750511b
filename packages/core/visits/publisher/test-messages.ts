import { openMessage, type OutgoingMessage } from './outgoing-message.ts';

/** A complete message with one visit, which the journal does not have. */
export function completeMessage(text: string): OutgoingMessage {
  return {
    ...openMessage(),
    visits: [{ segment: undefined, count: 1 }],
    count: 1,
    bytes: { body: Buffer.from(text), release: () => {} },
  };
}

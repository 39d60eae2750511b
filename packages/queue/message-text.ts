import type { AsyncMessage, SyncMessage } from 'rabbitmq-client';

/** The body as text. The client has parsed it where a foreign publisher called it JSON or plain text. */
export function messageText({ body }: AsyncMessage | SyncMessage): string {
  if (Buffer.isBuffer(body)) return body.toString();
  return typeof body === 'string' ? body : JSON.stringify(body);
}

import { MINUTE_MS } from '@terse/platform/durations';
import type { AsyncMessage, SyncMessage } from 'rabbitmq-client';

/** After how long a postponed message comes again. */
export const POSTPONE_MS = MINUTE_MS;

const MAX_HEADERS_BYTES = 4096;
/** Headers that the broker adds. */
const BROKERS_OWN = /^x-(?:delivery-count|acquired-count|death|first-death-.*|last-death-.*)$/;

/** The body as text. The client has parsed it where a foreign publisher called it JSON or plain text. */
export function messageText({ body }: AsyncMessage | SyncMessage): string {
  if (Buffer.isBuffer(body)) return body.toString();
  return typeof body === 'string' ? body : JSON.stringify(body);
}

export function messageHeaders({ headers }: AsyncMessage | SyncMessage): Record<string, unknown> | undefined {
  return plainHeaders(headers);
}

/** Headers as plain JSON. Headers that are too long together are left out, which a note says instead. */
export function plainHeaders(
  headers: Readonly<Record<string, unknown>> | undefined,
): Record<string, unknown> | undefined {
  const given = Object.entries(headers ?? {}).filter(([name]) => !BROKERS_OWN.test(name));
  if (given.length === 0) return undefined;
  const text = JSON.stringify(Object.fromEntries(given));
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_HEADERS_BYTES) return { headers: `left out: ${bytes} bytes` };
  return JSON.parse(text) as Record<string, unknown>;
}

import { faultsOf } from '@terse/platform/zod';
import { parseLines, splitLines } from './visit-lines.ts';
import { isNewerVisit, isVisit, type Visit, visitSchema } from './visit.ts';
import type { DeadLetter, Message } from './ports.ts';

/** The contents of a message. */
export interface VisitMessage {
  /** Ids in lower case (RFC 9562). */
  readonly visits: readonly Visit[];
  /** One dead letter for each item that is no visit. */
  readonly rejects: readonly DeadLetter[];
  /** Whether it has a visit that only a later release can read. */
  readonly isNewer: boolean;
}

/** A message usually has a few hundred items; one with two million bad ones must not become as many dead letters. */
const MAX_REJECTS = 256;
/** The brackets of an array around lines. */
const BRACKETS = /^\s*\[|\]\s*$/g;

/**
 * Reads a message: NDJSON, one visit a line, or an array of visits, which a foreign publisher may send. Of a torn
 * message, it reads the lines that are whole.
 */
export function readVisitMessage(message: Message): VisitMessage {
  const items = message.body.trimStart().startsWith('[')
    ? parseArray(message.body)
    : parseLines(message.body);
  if (items && (items.length > 0 || message.body.trim() !== '')) return sort(message, items, []);
  const whole: unknown[] = [];
  const torn: string[] = [];
  for (const line of splitLines(message.body.replaceAll(BRACKETS, ''))) {
    const item = parseLine(line);
    if (item) whole.push(item);
    else torn.push(line);
  }
  if (whole.length === 0) return sort(message, [], [{ ...message, reason: 'not JSON' }]);
  const rest = torn.length > 0 ? [{ ...message, body: torn.join('\n'), reason: 'torn: not JSON' }] : [];
  return sort(message, whole, rest);
}

/** A dead letter for one item. Its body is a complete message, so that it can be replayed. */
export function letterOf(message: Message, item: unknown, reason: string): DeadLetter {
  return { ...message, body: bodyOf(item) ?? message.body, reason };
}

function sort(message: Message, items: readonly unknown[], rejects: DeadLetter[]): VisitMessage {
  const visits: Visit[] = [];
  let isNewer = false;
  let rejected = 0;
  for (const item of items) {
    if (isVisit(item)) visits.push(withOneSpelling(item));
    else if (isNewerVisit(item)) isNewer = true;
    else if (++rejected <= MAX_REJECTS) rejects.push(letterOf(message, item, reasonAgainst(item)));
  }
  // The whole message comes again, to a later writer that can tell which items are no visits.
  if (isNewer) return { visits, rejects: [], isNewer };
  if (rejected <= MAX_REJECTS) return { visits, rejects, isNewer };
  const reason = `${rejected} items are no visits. The first: ${rejects[0]?.reason ?? ''}`;
  return { visits, rejects: [{ ...message, reason }], isNewer };
}

function withOneSpelling(visit: Visit): Visit {
  const id = visit.id.toLowerCase();
  return id === visit.id ? visit : { ...visit, id };
}

function parseArray(body: string): readonly unknown[] | undefined {
  try {
    return JSON.parse(body) as unknown[];
  } catch {
    return undefined;
  }
}

/** The JSON object on a line, also on a line of an array; `undefined` when the line holds anything else. */
function parseLine(line: string): object | undefined {
  if (!line.trimStart().startsWith('{')) return undefined;
  try {
    return JSON.parse(line.endsWith(',') ? line.slice(0, -1) : line) as object;
  } catch {
    return undefined;
  }
}

/** The item as a message; `undefined` when it is nested too deeply to be written. */
function bodyOf(item: unknown): string | undefined {
  try {
    return JSON.stringify(Array.isArray(item) ? [item] : item);
  } catch {
    return undefined;
  }
}

function reasonAgainst(item: unknown): string {
  const { error } = visitSchema.safeParse(item);
  return error ? faultsOf(error) : 'not a visit';
}

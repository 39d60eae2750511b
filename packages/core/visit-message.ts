import { z } from 'zod';
import type { DeadLetter, Message } from '@terse/queue/queue';
import { splitRecords } from './joined-records.ts';
import { isNewerVisit, isVisit, type Visit, visitSchema } from './visit.ts';

/** What a message holds. */
export interface VisitMessage {
  /** Ids in lower case (RFC 9562). */
  readonly visits: readonly Visit[];
  /** What is no visit, one by one: it does not spoil the visits around it. */
  readonly rejects: readonly DeadLetter[];
  /** Whether some of it is for a later release to read. */
  readonly isNewer: boolean;
}

/** A message has a few hundred things in it; one of two million must not become as many letters. */
const MAX_REJECTS = 256;
/** A bracket or a comma may stand around a record on its line. */
const BRACKETS = /^\s*\[|\]\s*$/g;

/** Reads a message: an array of visits, or a visit on each line. Of a torn one, what stands whole on a line is read. */
export function readVisitMessage(message: Message): VisitMessage {
  const items = parse(message.body);
  if (items) return sort(message, items, []);
  const lines = splitRecords(message.body.replaceAll(BRACKETS, ''));
  const whole: unknown[] = [];
  const torn: string[] = [];
  for (const line of lines) {
    const item = parseRecord(line);
    if (item) whole.push(item);
    else if (line.trim() !== '') torn.push(line);
  }
  if (whole.length === 0) return sort(message, [], [{ ...message, reason: 'not JSON' }]);
  const rest = torn.length > 0 ? [{ ...message, body: torn.join('\n'), reason: 'torn: not JSON' }] : [];
  return sort(message, whole, rest);
}

/** A visit that was set aside is a message by itself, so that it can be sent again. */
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
  // All of it comes again, to a writer that can say what is no visit.
  if (isNewer) return { visits, rejects: [], isNewer };
  if (rejected <= MAX_REJECTS) return { visits, rejects, isNewer };
  const reason = `${rejected} things that are no visits, the first: ${rejects[0]?.reason ?? ''}`;
  return { visits, rejects: [{ ...message, reason }], isNewer };
}

function withOneSpelling(visit: Visit): Visit {
  const id = visit.id.toLowerCase();
  return id === visit.id ? visit : { ...visit, id };
}

function parse(body: string): readonly unknown[] | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    return Array.isArray(parsed) ? parsed : [parsed];
  } catch {
    return undefined;
  }
}

/** An object of JSON; what else is on a line was torn from one. */
function parseRecord(line: string): object | undefined {
  if (!line.trimStart().startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as object;
  } catch {
    return undefined;
  }
}

/** `undefined` for what is nested so deeply that it cannot be written again. */
function bodyOf(item: unknown): string | undefined {
  try {
    return JSON.stringify([item]);
  } catch {
    return undefined;
  }
}

function reasonAgainst(item: unknown): string {
  const { error } = visitSchema.safeParse(item);
  return error ? z.prettifyError(error) : 'not a visit';
}

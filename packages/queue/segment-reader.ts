import { lstat, readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { splitLines } from '@terse/core/visits/visit-lines';
import type { JournalEvent } from './journal-event.ts';
import type { Segment } from './journal-segment.ts';
import { setAside } from './unreadable-segments.ts';

export interface ReadOptions {
  /** How many bytes of unreadable segments are kept. */
  readonly maxBytes: number;
  readonly onEvent: (event: JournalEvent) => void;
}

/** The contents of a segment. */
interface ReadRecords {
  readonly records: string[];
  /** Lines that are no record: torn by a kill or a power failure, or damaged. */
  readonly torn: number;
}

/** Many times the size of a full segment. */
const MAX_BYTES = 64 * 1024 * 1024;
/** Zeros that a power failure may leave in place of a line. */
const TRAILING_NULS = /(?<!\0)\0+$/gm;
/** Errors that pass: the process ran out of a resource, and may read the segment later. */
const PASSING = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EBUSY', 'EINTR', 'ETIMEDOUT']);

/**
 * The records of a segment; `later` when it may be readable later; `undefined` when it is gone, or unreadable for
 * good. An unreadable segment is renamed, so that it blocks no process again.
 */
export async function readSegment(
  { path }: Segment,
  { maxBytes, onEvent }: ReadOptions,
): Promise<string[] | 'later' | undefined> {
  try {
    const { records, torn } = await readRecords(path);
    if (torn > 0) onEvent({ kind: 'records torn', path, records: torn });
    return records;
  } catch (error) {
    if (isGone(error)) return undefined;
    if (isPassing(error)) {
      onEvent({ kind: 'failed', error });
      return 'later';
    }
    let keptAs: string | undefined;
    try {
      keptAs = setAside(dirname(path), basename(path), maxBytes);
    } catch (failure) {
      onEvent({ kind: 'failed', error: failure });
    }
    onEvent({ kind: 'segment unreadable', path, keptAs, error });
    return undefined;
  }
}

/**
 * Reads the whole records of a segment. The last record of a killed process may be torn; its visit was not answered
 * yet.
 * @throws Error when it is no file, too large, unreadable, or holds no record at all.
 */
async function readRecords(path: string): Promise<ReadRecords> {
  // Reading a named pipe would never end.
  const stats = await lstat(path);
  if (!stats.isFile()) throw new Error(`${path} is not a file.`);
  if (stats.size > MAX_BYTES) throw new Error(`${path} is larger than any segment.`);
  const text = await readFile(path, 'utf8');
  const lines = splitLines(text.replaceAll(TRAILING_NULS, ''));
  const records = lines.filter(isRecord);
  const torn = lines.length - records.length;
  const isTornOnly = torn === 1 && lines[0]?.startsWith('{') === true;
  if (records.length === 0 && torn > 0 && !isTornOnly) throw new Error(`${path} has no record.`);
  return { records, torn };
}

function isPassing(error: unknown): boolean {
  return PASSING.has(codeOf(error));
}

/** Whether the file is not there any more. */
export function isGone(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function isRecord(line: string): boolean {
  if (!line.startsWith('{')) return false;
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

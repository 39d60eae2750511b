import { closeSync, fdatasync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { PRIVATE_FILE } from '@terse/platform/make-directory';
import type { JournalSegment } from '@terse/core/visits/ports';

/** A file of the journal. */
export interface Segment extends JournalSegment {
  readonly path: string;
  /** The open descriptor, until all records are written, and synced or no longer needed. */
  file: number | undefined;
  complete: boolean;
  bytes: number;
  syncedBytes: number;
  syncing: boolean;
  /** `undefined` for an unread segment of an earlier process. */
  records: number | undefined;
  released: number;
  /** Whether it ends with a part of a line. */
  isTorn: boolean;
}

const SEGMENT = /^\d{12,15}\.ndjson$/;

/** Zero-padded, so that names sort as the segments were written. */
export function segmentName(number: number): string {
  return `${String(number).padStart(12, '0')}.ndjson`;
}

export function isSegmentName(name: string): boolean {
  return SEGMENT.test(name);
}

export function segmentNumber(name: string): number {
  return Number.parseInt(name, 10);
}

/** @throws Error when the file exists or cannot be made. */
export function makeSegment(directory: string, number: number): Segment {
  const name = segmentName(number);
  const path = join(directory, name);
  const file = openSync(path, 'wx', PRIVATE_FILE);
  return {
    name,
    path,
    file,
    complete: false,
    bytes: 0,
    syncedBytes: 0,
    syncing: false,
    records: 0,
    released: 0,
    isTorn: false,
  };
}

/** A segment that an earlier process left. */
export function foundSegment(directory: string, name: string, bytes: number): Segment {
  return {
    name,
    path: join(directory, name),
    file: undefined,
    complete: true,
    bytes,
    syncedBytes: bytes,
    syncing: false,
    records: undefined,
    released: 0,
    isTorn: false,
  };
}

/**
 * Writes lines. After a failed write, a line feed keeps the next line apart from its remains.
 * @throws Error when the disk does not take all bytes. `bytes` counts those that it took.
 */
export function writeTo(segment: Segment, lines: Uint8Array, records: number): void {
  if (segment.file === undefined) throw new Error(`The segment ${segment.name} is closed.`);
  if (segment.isTorn) {
    segment.bytes += writeSync(segment.file, '\n');
    segment.isTorn = false;
  }
  const written = writeSync(segment.file, lines);
  segment.bytes += written;
  if (written < lines.length) {
    segment.isTorn = written > 0;
    throw new Error('The disk took only a part of the records.');
  }
  segment.records = (segment.records ?? 0) + records;
}

export function closeFile(segment: Segment): void {
  if (segment.file !== undefined) closeSync(segment.file);
  segment.file = undefined;
}

/** Syncs written bytes in the background. Calls during a sync have no effect. */
export function syncFile(segment: Segment, onDone: (error: Error | null) => void): void {
  const { file, bytes: written } = segment;
  if (file === undefined || segment.syncing || segment.syncedBytes >= written) return;
  segment.syncing = true;
  fdatasync(file, (error) => {
    segment.syncing = false;
    // A segment that was closed meanwhile needs no sync.
    if (segment.file === undefined) return;
    if (!error) segment.syncedBytes = written;
    onDone(error);
  });
}

/** @throws Error when the file exists and cannot be removed. */
export function removeFile(segment: Segment): void {
  closeFile(segment);
  try {
    unlinkSync(segment.path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}

/** How many of its records are not released. */
export function recordsLeft({ records = 0, released }: Segment): number {
  return Math.max(records - released, 0);
}

import {
  closeSync,
  fdatasync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { splitRecords } from '@terse/core/joined-records';
import { tryLockDirectory, type Unlock } from '@terse/files/directory-lock';
import type { Journal, JournalSegment } from './journal.ts';

export interface FileJournalOptions {
  /** A folder that several processes may be given: each takes a part of it for itself. */
  readonly directory: string;
  /** The most that this process keeps on disk. */
  readonly maxBytes: number;
  /** Called with what the disk said. */
  readonly onError: (error: unknown) => void;
}

interface Segment extends JournalSegment {
  readonly path: string;
  /** Open until it has all its records, and they are synced or needed no more. */
  file: number | undefined;
  complete: boolean;
  bytes: number;
  syncedBytes: number;
  syncing: boolean;
  records: number;
  released: number;
}

const SEGMENT_BYTES = 1024 * 1024;
/** An open segment of this size is left behind as soon as nothing in it is needed, so that a quiet process holds little. */
const WORTH_LEAVING_BYTES = 64 * 1024;
/** How much of it a power failure may cost, in time; a process that is killed costs nothing. */
const SYNC_EVERY_MS = 1000;
const MAX_SLOTS = 1000;
const NEW_SEGMENT = {
  file: undefined,
  complete: false,
  bytes: 0,
  syncedBytes: 0,
  syncing: false,
  records: 0,
  released: 0,
};
const SLOT = /^slot-\d+$/;
const SEGMENT = /^\d+\.ndjson$/;

/**
 * Opens the journal in a slot of the directory that no living process has, with what the processes before left in it. What
 * they left in other free slots is taken over.
 * @throws Error when the directory cannot be written.
 */
export function openFileJournal(options: FileJournalOptions): Journal {
  const { maxBytes, onError } = options;
  mkdirSync(options.directory, { recursive: true });
  const { slot, unlock } = takeSlot(options.directory);
  adoptOthers(options.directory, slot);

  const names = readdirSync(slot)
    .filter((name) => SEGMENT.test(name))
    .toSorted();
  const onDiskOnly: Segment[] = names.map((name) => {
    const path = join(slot, name);
    const { size } = statSync(path);
    return { ...NEW_SEGMENT, name, path, complete: true, bytes: size, syncedBytes: size };
  });
  let bytes = onDiskOnly.reduce((sum, segment) => sum + segment.bytes, 0);
  let nextNumber = Number.parseInt(names.at(-1) ?? '0', 10) + 1;
  let current: Segment | undefined;
  let spilling: Segment | undefined;
  const open = new Set<Segment>();
  const segments = new Map<JournalSegment, Segment>();

  function openSegment(): Segment {
    const name = segmentName(nextNumber++);
    const path = join(slot, name);
    const segment: Segment = { ...NEW_SEGMENT, name, path, file: openSync(path, 'wx') };
    segments.set(segment, segment);
    open.add(segment);
    return segment;
  }

  /** Each record begins a line: what a failed write left of one before it does not spoil it. */
  function write(segment: Segment, lines: Uint8Array, records: number): void {
    if (bytes + lines.length > maxBytes) throw new Error('The journal is full.');
    if (segment.file === undefined) throw new Error(`The segment ${segment.name} is closed.`);
    const written = writeSync(segment.file, lines);
    segment.bytes += written;
    bytes += written;
    if (written < lines.length) throw new Error('The disk took a part of the records only.');
    segment.records += records;
  }

  function complete(segment: Segment): void {
    segment.complete = true;
    closeIfSynced(segment);
    removeIfReleased(segment);
  }

  function closeIfSynced(segment: Segment): void {
    if (segment.complete && segment.syncedBytes === segment.bytes) closeFile(segment);
  }

  function closeFile(segment: Segment): void {
    if (segment.file !== undefined) closeSync(segment.file);
    segment.file = undefined;
    open.delete(segment);
  }

  function removeIfReleased(segment: Segment): void {
    if (!segment.complete || segment.released < segment.records) return;
    closeFile(segment);
    segments.delete(segment);
    bytes -= segment.bytes;
    try {
      unlinkSync(segment.path);
    } catch (error) {
      onError(error);
    }
  }

  function setAside(spilled: Segment): void {
    spilling = undefined;
    complete(spilled);
    if (segments.has(spilled)) onDiskOnly.push(spilled);
  }

  /** Behind everything else. Most segments are needed no more before it is time for this, and cost the disk nothing. */
  function sync(): void {
    for (const segment of open) {
      if (!segment.syncing && segment.syncedBytes < segment.bytes) syncOne(segment);
    }
  }

  function syncOne(segment: Segment): void {
    const { file, bytes: written } = segment;
    if (file === undefined) return;
    segment.syncing = true;
    fdatasync(file, (error) => {
      segment.syncing = false;
      // What was closed meanwhile is needed no more.
      if (segment.file === undefined) return;
      if (error) {
        onError(error);
        return;
      }
      segment.syncedBytes = written;
      closeIfSynced(segment);
    });
  }
  const syncing = setInterval(sync, SYNC_EVERY_MS).unref();

  return {
    append: (lines, records) => {
      try {
        if (current && current.bytes >= SEGMENT_BYTES) {
          complete(current);
          current = undefined;
        }
        current ??= openSegment();
        write(current, lines, records);
        return current;
      } catch (error) {
        onError(error);
        return undefined;
      }
    },

    spill: (lines, records) => {
      try {
        if (spilling && spilling.bytes >= SEGMENT_BYTES) {
          setAside(spilling);
        }
        spilling ??= openSegment();
        write(spilling, lines, records);
        return true;
      } catch (error) {
        onError(error);
        return false;
      }
    },

    restore: async () => {
      if (onDiskOnly.length === 0 && spilling) {
        setAside(spilling);
      }
      const segment = onDiskOnly.shift();
      if (!segment) return undefined;
      const records = await readRecords(segment.path).catch((error: unknown) => {
        onError(error);
        return undefined;
      });
      // It stays where it is, for a process that can read it.
      if (!records) return undefined;
      segment.records = records.length;
      segments.set(segment, segment);
      removeIfReleased(segment);
      return { segment, records };
    },

    release: (released, count) => {
      const segment = segments.get(released);
      if (!segment) return;
      segment.released += count;
      if (
        segment === current &&
        segment.released === segment.records &&
        segment.bytes >= WORTH_LEAVING_BYTES
      ) {
        current = undefined;
        complete(segment);
      } else {
        removeIfReleased(segment);
      }
    },

    close: () => {
      clearInterval(syncing);
      for (const segment of [current, spilling]) {
        if (segment) complete(segment);
      }
      // Also what is being synced already: more may have been written since.
      for (const segment of open) syncOne(segment);
      unlock();
    },
  };
}

/** Zero-padded, so that names sort as the segments were written. */
function segmentName(number: number): string {
  return `${String(number).padStart(12, '0')}.ndjson`;
}

/** Whole records only: the last one of a process that was killed may be torn, and was not answered for. */
async function readRecords(path: string): Promise<string[]> {
  return splitRecords(await readFile(path, 'utf8')).filter(isJson);
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

function takeSlot(directory: string): { slot: string; unlock: Unlock } {
  for (let number = 0; number < MAX_SLOTS; number++) {
    const slot = join(directory, `slot-${number}`);
    const unlock = tryLockDirectory(slot);
    if (unlock) return { slot, unlock };
  }
  throw new Error(`${directory} has no free slot for a journal.`);
}

function adoptOthers(directory: string, own: string): void {
  for (const name of readdirSync(directory)) {
    const slot = join(directory, name);
    if (!SLOT.test(name) || slot === own) continue;
    const unlock = tryLockDirectory(slot);
    if (!unlock) continue;
    // A name of their own, in case both have a segment of that number.
    for (const segment of readdirSync(slot).filter((file) => SEGMENT.test(file))) {
      renameSync(join(slot, segment), join(own, freeName(own, segment)));
    }
    unlock();
  }
}

function freeName(directory: string, wanted: string): string {
  const taken = new Set(readdirSync(directory));
  let number = Number.parseInt(wanted, 10);
  while (taken.has(segmentName(number))) number++;
  return segmentName(number);
}

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const VERSION = 'PG_VERSION';
const CONTROL = 'global/pg_control';
const CONTROL_BYTES = 8192;
/**
 * Fields of `ControlFileData` in the `pg_control.h` of PostgreSQL 18: its version, the place where a start begins to
 * read the log, the timeline of that place, and whether 8 bytes are passed by value.
 */
const CONTROL_VERSION = { at: 8, value: 1800 };
const REDO_AT = 0x28;
const TIMELINE_AT = 0x30;
const HAS_64_BITS_AT = 0xf8;
const SEGMENT_BYTES = 16n * 1024n * 1024n;
const SEGMENTS_PER_FILE_ID = 0x1_0000_0000n / SEGMENT_BYTES;

/** The databases of a cluster: `template1`, `template0` and `postgres`. */
const DATABASES = ['base/1', 'base/4', 'base/5'];
const MAP = 'pg_filenode.map';

/** The files and folders that PostgreSQL needs: https://www.postgresql.org/docs/18/storage-file-layout.html. */
const PARTS = [
  ...`
    PG_VERSION base global global/pg_control global/pg_filenode.map pg_commit_ts pg_dynshmem pg_hba.conf pg_logical
    pg_logical/mappings pg_logical/snapshots pg_multixact pg_multixact/members pg_multixact/offsets pg_notify
    pg_replslot pg_serial pg_snapshots pg_stat pg_stat_tmp pg_subtrans pg_tblspc pg_twophase pg_wal pg_xact
    postgresql.conf
  `
    .trim()
    .split(/\s+/),
  ...DATABASES.flatMap((database) => [database, `${database}/${VERSION}`, `${database}/${MAP}`]),
];
/** Folders that always hold a file. */
const NEVER_EMPTY = ['pg_xact', 'pg_multixact/members', 'pg_multixact/offsets'];

/** `RelMapFile` of `relmapper.c`: a magic number, the count of pairs, pairs of a relation and its file, a checksum. */
const MAP_MAGIC = 0x59_27_17;
const PAIR_BYTES = 8;
const MAX_PAIRS = 64;
const MAP_BYTES = PAIR_BYTES * (MAX_PAIRS + 1) + 4;

/** @returns the first part that is missing or incomplete in a cluster; `undefined` when it has all. */
export function lostPart(cluster: string): string | undefined {
  const part = PARTS.find((name) => !existsSync(join(cluster, name)));
  if (part !== undefined) return part;
  if (!/^\d+\s*$/.test(readFileSync(join(cluster, VERSION), 'utf8'))) return `what ${VERSION} holds`;
  if (readControl(cluster).length !== CONTROL_BYTES) return `a part of ${CONTROL}`;
  const empty = NEVER_EMPTY.find((name) => readdirSync(join(cluster, name)).length === 0);
  return empty === undefined ? undefined : `what ${empty} holds`;
}

/** Whether a cluster with all parts is of PostgreSQL 18, and of 64 bits. */
export function isOfThisVersion(cluster: string): boolean {
  const control = readControl(cluster);
  return control.readUInt32LE(CONTROL_VERSION.at) === CONTROL_VERSION.value && control[HAS_64_BITS_AT] === 1;
}

/**
 * Finds a file that a cluster of this version lacks, among those that every start and login needs. It looks twice,
 * because a server that runs there may replace a file meanwhile.
 * @returns `undefined` when nothing is missing.
 */
export function lostFile(cluster: string): string | undefined {
  return lookForLostFile(cluster) && lookForLostFile(cluster);
}

function lookForLostFile(cluster: string): string | undefined {
  const isLost = (name: string) => !existsSync(join(cluster, name));
  for (const folder of ['global', ...DATABASES]) {
    const files = mappedFiles(readFileSync(join(cluster, folder, MAP)));
    if (!files) return `a part of ${folder}/${MAP}`;
    const file = files.map((number) => `${folder}/${number}`).find(isLost);
    if (file !== undefined) return file;
  }
  const log = `pg_wal/${firstSegment(readControl(cluster))}`;
  return isLost(log) ? log : undefined;
}

function readControl(cluster: string): Buffer {
  return readFileSync(join(cluster, CONTROL));
}

/** The files that the map of a database names; `undefined` when it is no whole map. */
function mappedFiles(map: Buffer): number[] | undefined {
  if (map.length !== MAP_BYTES || map.readUInt32LE(0) !== MAP_MAGIC) return undefined;
  const count = Math.min(map.readUInt32LE(4), MAX_PAIRS);
  return Array.from({ length: count }, (_, index) => map.readUInt32LE(PAIR_BYTES * (index + 1) + 4));
}

/** The file of the write-ahead log with which a start begins: `XLogFileName` of `xlog_internal.h`. */
function firstSegment(control: Buffer): string {
  const segment = control.readBigUInt64LE(REDO_AT) / SEGMENT_BYTES;
  const numbers = [
    BigInt(control.readUInt32LE(TIMELINE_AT)),
    segment / SEGMENTS_PER_FILE_ID,
    segment % SEGMENTS_PER_FILE_ID,
  ];
  return numbers.map((number) => number.toString(16).toUpperCase().padStart(8, '0')).join('');
}

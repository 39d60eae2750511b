export interface Tuning {
  /** What PostgreSQL keeps of the data in memory, in MB. */
  readonly buffersMb: number;
  /** How many connections there may be at once. */
  readonly connections: number;
  /** More settings of PostgreSQL, by name. */
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * Where processes of the server share what they ask for later. In /dev/shm, which PostgreSQL takes on Linux, a container
 * has little room or none.
 */
export const SHARED_MEMORY = {
  name: 'dynamic_shared_memory_type',
  value: process.platform === 'linux' ? 'sysv' : 'posix',
} as const;

/** Beside the pool: for `npm run keys` and `npm run backup`. */
const MORE_CONNECTIONS = 5;

/**
 * The settings of a small server for one program. It is as durable as any: a commit is on the disk before it returns.
 * Source: https://www.postgresql.org/docs/18/runtime-config.html.
 */
export function serverSettings({
  buffersMb,
  connections,
  settings,
}: Tuning): Readonly<Record<string, string>> {
  return {
    // Only a local socket, whose path is relative to the cluster: it is as short as a socket's must be.
    listen_addresses: '',
    unix_socket_directories: '.',
    unix_socket_permissions: '0700',
    [SHARED_MEMORY.name]: SHARED_MEMORY.value,
    shared_buffers: `${buffersMb}MB`,
    max_connections: `${connections + MORE_CONNECTIONS}`,
    // No processes for what one program does not need: parallel queries, asynchronous reads, replication.
    io_method: 'sync',
    max_worker_processes: '0',
    max_parallel_workers: '0',
    max_logical_replication_workers: '0',
    max_replication_slots: '0',
    max_wal_senders: '0',
    wal_level: 'minimal',
    max_wal_size: '512MB',
    autovacuum_worker_slots: '2',
    autovacuum_max_workers: '2',
    maintenance_work_mem: '32MB',
    jit: 'off',
    // Visits have a partition a day: a restore locks those of five years at once, with their indexes.
    max_locks_per_transaction: '512',
    // The program logs what it is told; a line here may hold what a visitor sent.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_line_prefix: '',
    log_checkpoints: 'off',
    log_timezone: 'UTC',
    timezone: 'UTC',
    ...settings,
  };
}

export interface Tuning {
  /** How much of the data PostgreSQL holds in memory, in MB. */
  readonly buffersMb: number;
  /** How many connections there may be at once. */
  readonly connections: number;
  /** More settings of PostgreSQL, by name. */
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * The kind of shared memory that processes of the server allocate later. PostgreSQL's usual one on Linux is /dev/shm,
 * of which a container has little or none.
 */
export const SHARED_MEMORY = {
  name: 'dynamic_shared_memory_type',
  value: process.platform === 'linux' ? 'sysv' : 'posix',
} as const;

/** Connections for `npm run keys` and `npm run backup`, beside those of the pool. */
const MORE_CONNECTIONS = 5;

/**
 * The settings of a small server for one program. A commit is on the disk before it returns.
 * Source: https://www.postgresql.org/docs/18/runtime-config.html.
 */
export function serverSettings({
  buffersMb,
  connections,
  settings,
}: Tuning): Readonly<Record<string, string>> {
  return {
    // Only a local socket. Its path is relative to the cluster, because a long path does not fit into its address.
    listen_addresses: '',
    unix_socket_directories: '.',
    unix_socket_permissions: '0700',
    [SHARED_MEMORY.name]: SHARED_MEMORY.value,
    shared_buffers: `${buffersMb}MB`,
    max_connections: `${connections + MORE_CONNECTIONS}`,
    // One program needs no processes for parallel queries, asynchronous reads or replication.
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
    // Visits have a partition for each day. A restore locks those of five years at once, with their indexes.
    max_locks_per_transaction: '512',
    // The program reports errors itself, and a statement in this log may hold what a visitor sent.
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

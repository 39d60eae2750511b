import { closeSync, mkdtempSync, openSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { socketIn } from './survivor.ts';

/** What the address of a local socket holds on every system. */
const MAX_SOCKET_BYTES = 103;

/** A path to a folder that is short enough for the address of a socket in it. */
export interface SocketFolder {
  readonly path: string;
  close(): void;
}

/** The folder of a cluster, or a way to it where its own path is too long: on Linux the open folder of this process. */
export function openSocketFolder(cluster: string): SocketFolder {
  if (Buffer.byteLength(socketIn(cluster)) <= MAX_SOCKET_BYTES) return { path: cluster, close: () => {} };
  if (process.platform === 'linux') {
    const folder = openSync(cluster, 'r');
    return { path: `/proc/${process.pid}/fd/${folder}`, close: () => closeSync(folder) };
  }
  const folder = mkdtempSync(join(tmpdir(), 'terse-'));
  const link = join(folder, 'cluster');
  symlinkSync(cluster, link);
  return { path: link, close: () => rmSync(folder, { recursive: true, force: true }) };
}

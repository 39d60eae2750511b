import { closeSync, mkdtempSync, openSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { socketIn } from './survivor.ts';

/** The longest path of a socket, in bytes, on every system: unix(7) allows 108 with the final NUL, macOS 104. */
const MAX_SOCKET_BYTES = 103;

/** A path to a folder that leaves room for a socket in it. */
export interface SocketFolder {
  readonly path: string;
  close(): void;
}

/** The folder of a cluster. If its path is too long, the folder as this process has it open (Linux), or a link. */
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

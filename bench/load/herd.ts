import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';

const CONNECT_AT_ONCE = 200;
const ANSWER_WITHIN_MS = 60_000;

/**
 * Sends a thundering herd: one request for each path, each over its own connection, all at the same moment.
 * @returns the number of answers by status, and the milliseconds until the last one.
 */
export async function herd(
  url: string,
  paths: readonly string[],
): Promise<{ statuses: ReadonlyMap<string, number>; ms: number }> {
  const { hostname, port } = new URL(url);
  const sockets: Socket[] = [];
  while (sockets.length < paths.length) {
    const wanted = Math.min(CONNECT_AT_ONCE, paths.length - sockets.length);
    const some = Array.from({ length: wanted }, () =>
      createConnection({ host: hostname, port: Number(port) }),
    );
    await Promise.all(some.map((socket) => once(socket, 'connect')));
    sockets.push(...some);
  }
  const statuses = new Map<string, number>();
  const begin = performance.now();
  await Promise.all(
    sockets.map(async (socket, index) => {
      socket.write(
        `GET ${paths[index]} HTTP/1.1\r\nHost: ${hostname}\r\nUser-Agent: Mozilla/5.0 Firefox/140.0\r\n\r\n`,
      );
      const status = await firstStatus(socket);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      socket.destroy();
    }),
  );
  return { statuses, ms: performance.now() - begin };
}

async function firstStatus(socket: Socket): Promise<string> {
  const [data] = (await once(socket, 'data', { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })) as [Buffer];
  return data.toString('latin1', 9, 12);
}

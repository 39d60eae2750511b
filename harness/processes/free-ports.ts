import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

const ATTEMPTS = 5;
/** The errors for a taken port of PostgreSQL and Redis, Node, a function, RabbitMQ, and Erlang's name server. */
const TAKEN =
  /address already in use|EADDRINUSE|PORT \d+ is in use|dist_port_already_used|already a epmd running/i;

/**
 * Calls `start` with ports of 127.0.0.1 that were free just now, and with others when one was taken meanwhile.
 * @throws what `start` throws for any other reason.
 */
export async function onFreePorts<T>(
  count: number,
  start: (ports: readonly number[]) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePorts(count));
    } catch (error) {
      const taken = error instanceof Error && TAKEN.test(error.message);
      if (!taken || attempt === ATTEMPTS) throw error;
    }
  }
}

const given = new Set<number>();

/** Returns ports of 127.0.0.1 that were free just now, none of them twice in this process. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = await freePort();
    if (given.has(port)) continue;
    given.add(port);
    ports.push(port);
  }
  return ports;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

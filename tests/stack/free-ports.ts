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

/** Ports of 127.0.0.1 that were free just now, all different. */
export async function freePorts(count: number): Promise<number[]> {
  // Held all at once, so that they differ.
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

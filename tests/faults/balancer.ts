import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FunctionProcess } from '../../harness/processes/function-process.ts';

const LOOK_EVERY_MS = 50;

type Balanced = Pick<FunctionProcess, 'url' | 'internalUrl'>;

/** Distributes requests over the ready redirects. It never sends a request twice. */
export interface Balancer {
  readonly url: string;
  /** Uses these redirects from now on, while they are ready. */
  use(redirects: readonly Balanced[]): void;
  close(): Promise<void>;
}

export async function openBalancer(): Promise<Balancer> {
  const agent = new Agent({ keepAlive: true });
  let redirects: readonly Balanced[] = [];
  let ready: readonly string[] = [];
  let turn = 0;

  const server = createServer((incoming, outgoing) => {
    const origin = ready[turn++ % ready.length];
    const fail = () => outgoing.writeHead(502).end();
    if (origin === undefined) {
      fail();
      return;
    }
    const { method, headers } = incoming;
    const outbound = request(new URL(incoming.url ?? '/', origin), { agent, method, headers }, (response) => {
      const { connection: _, 'keep-alive': __, ...passed } = response.headers;
      outgoing.writeHead(response.statusCode ?? 502, passed);
      response.pipe(outgoing);
    });
    outbound.on('error', fail);
    outbound.end();
  });

  async function look(): Promise<void> {
    const states = await Promise.all(
      redirects.map(async ({ url, internalUrl }) => {
        const response = await fetch(`${internalUrl}/.ready`).catch(() => undefined);
        return response?.ok ? url : undefined;
      }),
    );
    ready = states.filter((origin) => origin !== undefined);
  }
  const looking = setInterval(() => void look(), LOOK_EVERY_MS);

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    use: (next) => {
      redirects = next;
    },
    close: async () => {
      clearInterval(looking);
      agent.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

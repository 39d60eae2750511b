import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { onFreePorts } from './free-ports.ts';

async function listen(port: number): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return server;
}

test('returns different ports that can be listened on', async () => {
  const servers = await onFreePorts(3, (ports) => Promise.all(ports.map(listen)));
  expect(new Set(servers.map((server) => (server.address() as AddressInfo).port)).size).toBe(3);
});

test('tries other ports when one is taken meanwhile', async () => {
  const tried: number[] = [];
  const server = await onFreePorts(1, async ([port = 0]) => {
    tried.push(port);
    if (tried.length === 1) await listen(port);
    return listen(port);
  });
  expect(tried).toHaveLength(2);
  expect(tried.at(-1)).toBe((server.address() as AddressInfo).port);
});

test('does not try again after another error', async () => {
  let calls = 0;
  const failing = onFreePorts(1, () => {
    calls++;
    return Promise.reject(new Error('no space left on device'));
  });
  await expect(failing).rejects.toThrow('no space left on device');
  expect(calls).toBe(1);
});

import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { sendRaw } from '../../harness/clients/raw-request.ts';
import { listen, type Listener } from './listen.ts';
import { listeningFault } from './listening-fault.ts';
import { openListeners } from './listeners.ts';

const host = '127.0.0.1';
const REQUEST = 'GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
const app = new Hono().get('/:name', (c) => c.text(c.req.param('name')));

async function listening(): Promise<Listener> {
  const listener = await listen({ host, port: 0 });
  onTestFinished(() => listener.close(0));
  return listener;
}

describe('before the app is served', () => {
  // Node's own timers stay real.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  test('a request waits, and the app then answers it', async () => {
    const listener = await listening();
    const answers = Array.from({ length: 3 }, () => sendRaw(listener.port, REQUEST));
    await vi.waitUntil(() => vi.getTimerCount() === 3);
    const committed = vi.fn();
    listener.serve({ fetch: app.fetch, beforeResponses: committed });
    const bodies = (await Promise.all(answers)).map(([answer]) => answer?.body);
    expect(bodies).toEqual(['a', 'a', 'a']);
    expect(committed).toHaveBeenCalled();
    expect(vi.getTimerCount(), 'nothing waits any longer').toBe(0);
  });

  test('a request waits two seconds at most, and is told to come again', async () => {
    const listener = await listening();
    const answer = sendRaw(listener.port, REQUEST);
    await vi.waitUntil(() => vi.getTimerCount() === 1);
    vi.advanceTimersByTime(2000);
    const [refusal] = await answer;
    expect([refusal?.status, refusal?.headers.get('retry-after')]).toEqual([503, '2']);
    expect(refusal?.body).toContain('"detail":"The service is starting. Try again shortly."');
    listener.serve(app);
    expect((await sendRaw(listener.port, REQUEST))[0]?.status).toBe(200);
  });

  test('a caller who left is forgotten', async () => {
    const listener = await listening();
    const socket = connect(listener.port, host);
    socket.write(REQUEST);
    await vi.waitUntil(() => vi.getTimerCount() === 1);
    socket.destroy();
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(0));
    listener.serve(app);
  });

  test('the listener can be closed', async () => {
    const listener = await listen({ host, port: 0 });
    await listener.close(0);
    await expect(fetch(listener.origin)).rejects.toThrow('fetch failed');
  });
});

const hasIPv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);

test.runIf(hasIPv6)('listens at IPv6, and says so', async () => {
  const listener = await listen({ host: '::1', port: 0 });
  onTestFinished(() => listener.close(0));
  listener.serve(app);
  expect(listener.origin).toBe(`http://[::1]:${listener.port}`);
  expect(await (await fetch(`${listener.origin}/b`)).text()).toBe('b');
});

describe('an address at which no server can listen', () => {
  test('is named by its settings, also when there are two', async () => {
    const { port } = await listening();
    const other = await listening();
    const config = { host, port, internalHost: host, internalPort: other.port };
    await expect(openListeners(config)).rejects.toThrow(
      new RegExp(
        `^PORT ${port} is in use: another process listens there\\n` +
          `INTERNAL_PORT ${other.port} is in use: another process listens there$`,
      ),
    );
  });

  test('leaves nothing listening at the other one', async () => {
    const free = await listen({ host, port: 0 });
    await free.close(0);
    const { port: taken } = await listening();
    const config = { host, port: free.port, internalHost: host, internalPort: taken };
    await expect(openListeners(config)).rejects.toThrow(/^INTERNAL_PORT \d+ is in use/);
    await (await listen({ host, port: free.port })).close(0);
  });

  test.each([
    ['192.0.2.1', /^HOST 192\.0\.2\.1 is no address of this machine$/],
    ['fe80::1', /^HOST fe80::1 must have a zone, such as fe80::1%eth0$/],
    ['nowhere.invalid', /^HOST nowhere\.invalid is a name without an address$/],
  ])('%s is named in one line', async (address, fault) => {
    await expect(listen({ host: address, port: 0 })).rejects.toThrow(fault);
  });

  test.each([
    ['EACCES', 'INTERNAL_PORT 80 is not allowed for this user: low ports need a privilege'],
    ['EAFNOSUPPORT', 'INTERNAL_HOST ::1 is no address of this machine'],
    ['EMFILE', 'INTERNAL_HOST ::1 and INTERNAL_PORT 80: no server can listen there (EMFILE)'],
    [undefined, 'INTERNAL_HOST ::1 and INTERNAL_PORT 80: no server can listen there (unknown)'],
  ])('the system error %s becomes "%s"', (code, fault) => {
    const settings = { host: 'INTERNAL_HOST', port: 'INTERNAL_PORT' };
    expect(listeningFault({ host: '::1', port: 80, settings }, { code })).toBe(fault);
  });
});

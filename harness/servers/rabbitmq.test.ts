import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { processesOf } from '../processes/processes-of.ts';
import { withBroker } from './connections.ts';
import { type RabbitmqServer, startRabbitmq } from './rabbitmq.ts';

const INSTALL_AND_START_MS = 300_000;

describe('RabbitMQ', { timeout: 60_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'terse-rabbitmq-'));
  let server: RabbitmqServer;

  beforeAll(async () => {
    server = await startRabbitmq({ directory });
  }, INSTALL_AND_START_MS);

  afterAll(async () => {
    await server?.stop();
    rmSync(directory, { recursive: true });
  });

  async function declare(queue: string): Promise<void> {
    await withBroker(server.url, (connection) =>
      connection.queueDeclare({ queue, durable: true, arguments: { 'x-queue-type': 'quorum' } }),
    );
  }

  function publish(queue: string, body: string): Promise<void> {
    return withBroker(server.url, async (connection) => {
      const publisher = connection.createPublisher({ confirm: true });
      await publisher.send({ routingKey: queue, durable: true }, body);
      await publisher.close();
    });
  }

  async function take(queue: string): Promise<unknown> {
    const message = await withBroker(server.url, (connection) => connection.basicGet({ queue, noAck: true }));
    return message?.body;
  }

  test('runs rabbitmqctl, and reports its failure', async () => {
    await server.control('eval', 'ok.');
    await expect(server.control('dance')).rejects.toThrow('rabbitmqctl failed (64)');
  });

  test('delivers a message', async () => {
    await declare('delivered');
    await publish('delivered', 'hello');
    expect(await take('delivered')).toBe('hello');
  });

  test('is not reached at another address of the machine', async () => {
    await expect(once(connect(server.port, '127.0.0.2'), 'connect')).rejects.toThrow('ECONNREFUSED');
  });

  test('does not run as root', () => {
    expect(statSync(`/proc/${server.pid}`).uid).not.toBe(0);
  });

  test('keeps confirmed messages when it is killed and restarts at the same address', async () => {
    await declare('lasting');
    // RabbitMQ 3.10 loses a quorum queue that is younger than half a second when the broker is killed.
    await server.restart();
    const { pid, port, url } = server;
    await publish('lasting', 'still here');
    await server.kill();
    expect(server.pid).toBeUndefined();
    await server.restart();
    expect(server.pid).not.toBe(pid);
    expect(server).toMatchObject({ port, url });
    expect(await take('lasting')).toBe('still here');
  });

  test('leaves no process behind when stopped, nor its name server', async () => {
    expect(processesOf(directory).length).toBeGreaterThan(1);
    await server.stop();
    expect(processesOf(directory)).toEqual([]);
    await server.stop();
  });
});

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
  let part: RabbitmqServer;

  beforeAll(async () => {
    part = await startRabbitmq({ directory });
  }, INSTALL_AND_START_MS);

  afterAll(async () => {
    await part?.stop();
    rmSync(directory, { recursive: true });
  });

  async function declare(queue: string): Promise<void> {
    await withBroker(part.url, (connection) =>
      connection.queueDeclare({ queue, durable: true, arguments: { 'x-queue-type': 'quorum' } }),
    );
  }

  function publish(queue: string, body: string): Promise<void> {
    return withBroker(part.url, async (connection) => {
      const publisher = connection.createPublisher({ confirm: true });
      await publisher.send({ routingKey: queue, durable: true }, body);
      await publisher.close();
    });
  }

  async function take(queue: string): Promise<unknown> {
    const message = await withBroker(part.url, (connection) => connection.basicGet({ queue, noAck: true }));
    return message?.body;
  }

  test('does what rabbitmqctl is told, and says what it refuses', async () => {
    await part.control('eval', 'ok.');
    await expect(part.control('dance')).rejects.toThrow('rabbitmqctl failed (64)');
  });

  test('delivers a message', async () => {
    await declare('delivered');
    await publish('delivered', 'hello');
    expect(await take('delivered')).toBe('hello');
  });

  test('is not reached at another address of the machine', async () => {
    await expect(once(connect(part.port, '127.0.0.2'), 'connect')).rejects.toThrow('ECONNREFUSED');
  });

  test('does not run as root', () => {
    expect(statSync(`/proc/${part.pid}`).uid).not.toBe(0);
  });

  test('keeps confirmed messages when it is killed and started again, at the same address', async () => {
    await declare('kept');
    // A quorum queue that is younger than half a second when its broker is killed does not come back, in 3.10 at least.
    await part.restart();
    const { pid, port, url } = part;
    await publish('kept', 'still here');
    await part.kill();
    expect(part.pid).toBeUndefined();
    await part.restart();
    expect(part.pid).not.toBe(pid);
    expect(part).toMatchObject({ port, url });
    expect(await take('kept')).toBe('still here');
  });

  test('leaves no process behind when stopped, its name server neither', async () => {
    expect(processesOf(directory).length).toBeGreaterThan(1);
    await part.stop();
    expect(processesOf(directory)).toEqual([]);
    await part.stop();
  });
});

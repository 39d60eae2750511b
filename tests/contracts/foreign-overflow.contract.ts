import { createRedisOverflowQueue } from '@terse/cache/redis-overflow-queue';
import { expect, test, vi } from 'vitest';
import type { RedisServer } from './redis-server.ts';

/** Foreign values at the keys of the overflow queue: each is set aside, and its bound holds. */
export function describeForeignOverflow({ redis, admin }: RedisServer): void {
  test.each([
    ['text', ['SET', '{visits}:overflow', 'x']],
    ['a hash', ['HSET', '{visits}:overflow', 'a', 'b']],
  ])('the overflow queue goes on when %s is at its key, which is set aside', async (_name, command) => {
    const onBroken = vi.fn<(what: readonly string[]) => void>();
    const overflow = createRedisOverflowQueue(redis(), 1000, onBroken);
    await admin.sendCommand(command);
    expect(await overflow.peek(10)).toEqual([]);
    expect(onBroken).toHaveBeenCalledWith(['{visits}:overflow']);
    await admin.sendCommand(['DEL', '{visits}:overflow']);
    await admin.sendCommand(command);
    await overflow.add('[1]');
    expect((await overflow.peek(10)).map(({ body }) => body)).toEqual(['[1]']);
    expect(await admin.sendCommand(['EXISTS', '{visits}:overflow:broken'])).toBe(1);
  });

  test.each([
    ['text', ['SET', '{visits}:overflow:bytes', 'many']],
    ['negative', ['SET', '{visits}:overflow:bytes', '-5']],
    ['a list', ['RPUSH', '{visits}:overflow:bytes', '5']],
    ['gone', ['PING']],
  ])('the overflow queue keeps its bound when its number of bytes is %s', async (_name, command) => {
    const overflow = createRedisOverflowQueue(redis(), 1000);
    for (let times = 0; times < 150; times++) await overflow.add('sixby!');
    await admin.sendCommand(['DEL', '{visits}:overflow:bytes']);
    await admin.sendCommand(command);
    await overflow.add('y'.repeat(90));
    await expect(overflow.add('y'.repeat(90))).rejects.toThrow('full');
    const messages = await overflow.peek(1000);
    expect(messages).toHaveLength(151);
    await overflow.remove(messages.map(({ id }) => id));
    await overflow.add('y'.repeat(1000));
  });

  test('the overflow queue has room again when its messages are gone', async () => {
    const overflow = createRedisOverflowQueue(redis(), 1000);
    await overflow.add('y'.repeat(1000));
    await admin.sendCommand(['DEL', '{visits}:overflow']);
    await overflow.add('x'.repeat(1000));
    expect(await overflow.peek(10)).toHaveLength(1);
  });
}

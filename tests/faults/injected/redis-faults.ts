import { setTimeout as sleep } from 'node:timers/promises';
import { tellRedis } from '../../../harness/servers/connections.ts';
import { type Fault, whileBad, whileDown } from './fault.ts';

const touches = ['redis'];

export const REDIS_FAULTS: readonly Fault[] = [
  {
    name: 'Redis killed, 1 s',
    touches,
    inject: ({ stack }) => whileDown('kill', [stack.redis], 1000),
  },
  {
    name: 'Redis stopped, 1 s',
    touches,
    inject: ({ stack }) => whileDown('stop', [stack.redis], 1000),
  },
  {
    name: 'Redis FLUSHALL',
    touches,
    inject: async ({ stack }) => void (await tellRedis(stack.redis.url, 'FLUSHALL')),
  },
  {
    name: 'Redis CLIENT PAUSE, 2 s',
    touches,
    inject: async ({ stack }) => {
      await tellRedis(stack.redis.url, 'CLIENT', 'PAUSE', '2000', 'ALL');
      await sleep(2000);
    },
  },
  {
    name: 'Redis 200 ms away, 2 s',
    touches,
    inject: ({ network }) => whileBad(network.redis, (proxy) => proxy.delay(200), 2000),
  },
  {
    name: 'Redis gone silent, 3 s',
    touches,
    inject: ({ network }) => whileBad(network.redis, (proxy) => proxy.goSilent(), 3000),
  },
  {
    name: 'connections to Redis reset 10 times',
    touches,
    inject: ({ network }) => whileBad(network.redis, (proxy) => proxy.reset(), 150, 10),
  },
  {
    name: 'answers of Redis cut short 10 times',
    touches,
    inject: ({ network }) => whileBad(network.redis, (proxy) => proxy.truncateAnswersAfter(7), 200, 10),
  },
];

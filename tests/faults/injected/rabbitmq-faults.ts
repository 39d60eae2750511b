import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, whileBad, whileDown, whileStopped } from './fault.ts';

const touches = ['rabbitmq'];

export const RABBITMQ_FAULTS: readonly Fault[] = [
  {
    name: 'RabbitMQ stopped, 20 s',
    touches,
    inject: ({ stack }) => whileDown('stop', [stack.rabbitmq], 20_000),
  },
  {
    name: 'RabbitMQ killed',
    touches,
    inject: ({ stack }) => whileDown('kill', [stack.rabbitmq], 0),
  },
  {
    name: 'RabbitMQ and redirect killed',
    touches: ['rabbitmq', 'redirect'],
    visitorsMaySee: ['broken'],
    inject: async (deployment) => {
      await deployment.stack.rabbitmq.kill();
      await sleep(300);
      await deployment.replace('redirect', 'SIGKILL');
      await deployment.stack.rabbitmq.restart();
    },
  },
  {
    name: 'RabbitMQ stands still, 8 s',
    touches,
    inject: ({ stack }) => whileStopped([stack.rabbitmq.pid], 8000),
  },
  {
    name: 'connections to RabbitMQ reset 10 times',
    touches,
    inject: ({ network }) => whileBad(network.rabbitmq, (proxy) => proxy.reset(), 200, 10),
  },
  {
    name: 'confirms of RabbitMQ withheld, 6 s',
    touches,
    inject: ({ network }) => whileBad(network.rabbitmq, (proxy) => proxy.withholdAnswers(), 6000),
  },
  {
    name: 'RabbitMQ gone silent, 6 s',
    touches,
    inject: ({ network }) => whileBad(network.rabbitmq, (proxy) => proxy.goSilent(), 6000),
  },
  {
    name: 'RabbitMQ out of memory, publishers blocked 5 s',
    touches,
    inject: async ({ stack }) => {
      await stack.rabbitmq.control('set_vm_memory_high_watermark', 'absolute', '1MB');
      await sleep(5000);
      await stack.rabbitmq.control('set_vm_memory_high_watermark', '0.4');
    },
  },
];

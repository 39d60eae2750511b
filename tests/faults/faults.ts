import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, whileDown } from './injected/fault.ts';
import { FUNCTION_FAULTS } from './injected/function-faults.ts';
import { JOURNAL_FAULTS } from './injected/journal-faults.ts';
import { MESSAGE_FAULTS } from './injected/message-faults.ts';
import { POISON_FAULTS } from './injected/poison-faults.ts';
import { POSTGRES_FAULTS } from './injected/postgres-faults.ts';
import { RABBITMQ_FAULTS } from './injected/rabbitmq-faults.ts';
import { REDIS_FAULTS } from './injected/redis-faults.ts';

const ALL_SERVERS: Fault = {
  name: 'RabbitMQ, Redis and PostgreSQL killed, 2 s',
  touches: ['rabbitmq', 'redis', 'postgres'],
  inject: ({ stack }) => whileDown('kill', [stack.rabbitmq, stack.redis, stack.postgres], 2000),
};

/** Every fault once. */
export const FAULTS: readonly Fault[] = [
  { name: 'none', touches: [], inject: () => sleep(1000) },
  ...FUNCTION_FAULTS,
  ...RABBITMQ_FAULTS,
  ...REDIS_FAULTS,
  ...POSTGRES_FAULTS,
  ALL_SERVERS,
  ...JOURNAL_FAULTS,
  ...MESSAGE_FAULTS,
  ...POISON_FAULTS,
];

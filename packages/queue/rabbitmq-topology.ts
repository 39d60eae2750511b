export const QUEUE = 'visits';
export const DEAD_QUEUE = 'visits.dead';
/** Has no consumers: the broker moves a message back to `visits` when it expires. */
export const LATER_QUEUE = 'visits.later';

/** How often the broker delivers a message before it sets it aside. Only consumers that disappeared with it count. */
const DELIVERY_LIMIT = 20;
/**
 * Looking at a dead letter counts as a delivery, and must not use it up. RabbitMQ 4 has a limit of 20 unless told
 * otherwise.
 */
const DEAD_DELIVERY_LIMIT = 1_000_000;

/**
 * Quorum queues: replicated where there are several nodes, and written to disk before a confirm. The broker moves dead
 * letters with the same care, for which it needs `reject-publish`. The arguments can never change, because the broker
 * refuses to declare a queue again with others.
 */
export const QUEUE_OPTIONS = {
  queue: QUEUE,
  durable: true,
  arguments: {
    'x-queue-type': 'quorum',
    'x-delivery-limit': DELIVERY_LIMIT,
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': DEAD_QUEUE,
    'x-dead-letter-strategy': 'at-least-once',
    'x-overflow': 'reject-publish',
  },
} as const;

export const DEAD_QUEUE_OPTIONS = {
  queue: DEAD_QUEUE,
  durable: true,
  arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': DEAD_DELIVERY_LIMIT },
} as const;

export const LATER_QUEUE_OPTIONS = {
  queue: LATER_QUEUE,
  durable: true,
  arguments: {
    'x-queue-type': 'quorum',
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': QUEUE,
    'x-dead-letter-strategy': 'at-least-once',
    'x-overflow': 'reject-publish',
  },
} as const;

export type QueueOptions = typeof QUEUE_OPTIONS | typeof DEAD_QUEUE_OPTIONS | typeof LATER_QUEUE_OPTIONS;

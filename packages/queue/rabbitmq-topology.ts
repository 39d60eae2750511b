export const QUEUE = 'visits';
export const DEAD_QUEUE = 'visits.dead';
/** Has no consumers: the broker moves a message back to `visits` when it expires. */
export const LATER_QUEUE = 'visits.later';

/** Deliveries before the broker sets a message aside: only consumers that disappeared with it count. */
const DELIVERY_LIMIT = 20;
/**
 * Looking at a dead letter counts as a delivery, and must not use it up. RabbitMQ 4 has a limit of 20 unless told
 * otherwise.
 */
const DEAD_DELIVERY_LIMIT = 1_000_000;

/**
 * Quorum queues: replicated where there are several nodes, and written to disk before a confirm. What the broker sets
 * aside is moved with the same care, and `reject-publish` is what that needs. Declaring a queue again with other
 * arguments is refused: these can never change.
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

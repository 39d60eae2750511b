import type { DeadLetterBox } from '@terse/queue/rabbitmq-dead-letters';
import type { Context } from '../context.ts';

/** @throws Error when the broker cannot be reached. */
export async function openDeadLetters({ config }: Context): Promise<DeadLetterBox> {
  if (config.queue.kind !== 'rabbitmq') throw new Error('Only RabbitMQ has dead letters: set RABBITMQ_URL.');
  const { openDeadLetterBox } = await import('@terse/queue/rabbitmq-dead-letters');
  return openDeadLetterBox({ url: config.queue.url });
}

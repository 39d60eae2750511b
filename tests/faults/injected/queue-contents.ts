import type { Connection } from 'rabbitmq-client';

/** Resolves to the number of messages in a queue. */
export async function countIn(connection: Connection, queue: string): Promise<number> {
  return (await connection.queueDeclare({ queue, passive: true })).messageCount;
}

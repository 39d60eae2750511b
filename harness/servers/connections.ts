import { createClient } from '@redis/client';
import postgres from 'postgres';
import { Connection } from 'rabbitmq-client';

const END_SECONDS = 2;

/** Works on its own connection to PostgreSQL. */
export async function withSql<T>(
  url: string,
  work: (sql: postgres.Sql) => Promise<T>,
  options: postgres.Options<{}> = {},
): Promise<T> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined, ...options });
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: END_SECONDS });
  }
}

/** Works on its own connection to RabbitMQ. */
export async function withBroker<T>(url: string, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = new Connection({ url, frameMax: 131_072 });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

/** Sends one command to Redis. @returns its answer. */
export async function tellRedis(url: string, ...command: readonly string[]): Promise<unknown> {
  const client = await createClient({ url, RESP: 2 }).connect();
  try {
    return await client.sendCommand([...command]);
  } finally {
    await client.close();
  }
}

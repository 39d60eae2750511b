import postgres from 'postgres';
import { Connection } from 'rabbitmq-client';

export async function withSql(url: string, work: (sql: postgres.Sql) => Promise<unknown>): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await work(sql);
  } finally {
    await sql.end();
  }
}

export async function withBroker(
  url: string,
  work: (connection: Connection) => Promise<void>,
): Promise<void> {
  const connection = new Connection({ url, frameMax: 131_072 });
  try {
    await work(connection);
  } finally {
    await connection.close();
  }
}

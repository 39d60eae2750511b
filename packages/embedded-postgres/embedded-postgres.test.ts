import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { joinEmbeddedPostgres } from './embedded-postgres.ts';
import {
  NOTES,
  openTestFolder,
  query,
  SMALL,
  startElsewhere,
  startTestServer,
  useMadeDatabase,
  withPassword,
  WRITTEN,
} from './test-folder.ts';

const copy = useMadeDatabase();

describe('a server', () => {
  test('lets nobody in without the password, and listens at no port', async () => {
    const { url } = await startTestServer(copy());
    for (const password of ['', 'guess']) {
      await expect(query(withPassword(url, password), NOTES)).rejects.toMatchObject({ code: '28P01' });
    }
    expect(await query(url, 'show listen_addresses')).toEqual([{ listen_addresses: '' }]);
    const settings =
      "select name from pg_settings where name in ('fsync', 'full_page_writes') and setting = 'off'";
    expect(await query(url, settings)).toEqual([]);
  });

  test('is refused to a second process, with the pid of the first', async () => {
    const directory = copy();
    const { url } = await startTestServer(directory);
    const { said } = await startElsewhere(directory);
    expect(said).toBe(`${directory} is in use by another process (pid ${process.pid}). Stop that one first.`);
    expect(await query(url, NOTES)).toEqual(WRITTEN);
  });

  test('starts once when several processes start it at the same instant', async () => {
    const directory = join(openTestFolder(), 'postgres');
    const all = await Promise.all(Array.from({ length: 3 }, () => startElsewhere(directory)));
    const winner = all.find(({ said }) => said === 'ready');
    const refusal = `${directory} is in use by another process (pid ${winner?.pid}). Stop that one first.`;
    expect(all.map(({ said }) => said).toSorted()).toEqual([refusal, refusal, 'ready'].toSorted());
  });

  test('is joined by a command beside the product, which leaves it running', async () => {
    const directory = copy();
    const server = await startTestServer(directory);
    const joined = await joinEmbeddedPostgres({ directory, ...SMALL });
    expect(await query(joined.url, NOTES)).toEqual(WRITTEN);
    await joined.stop();
    expect(await query(server.url, NOTES)).toEqual(WRITTEN);
    await server.stop();
    const alone = await joinEmbeddedPostgres({ directory, ...SMALL });
    onTestFinished(alone.stop);
    expect(await query(alone.url, NOTES)).toEqual(WRITTEN);
  });

  test('is not made for a command beside the product', async () => {
    const directory = openTestFolder();
    await expect(joinEmbeddedPostgres({ directory, ...SMALL })).rejects.toThrow(
      `There is no database in ${directory}. Make one with npm start.`,
    );
    expect(readdirSync(directory)).toEqual([]);
  });
});

import { existsSync, rmSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import {
  NOTES,
  postmasterOf,
  query,
  soon,
  startTestServer,
  useMadeDatabase,
  WRITTEN,
} from './test-folder.ts';

const copy = useMadeDatabase();

describe('a server that was killed', () => {
  test.each([
    ['whole', (directory: string) => process.kill(postmasterOf(directory), 'SIGKILL')],
    [
      'in one of its processes',
      async (_: string, url: string) => {
        const [backend] = await query(
          url,
          "select pid from pg_stat_activity where backend_type = 'checkpointer'",
        );
        process.kill(Number(backend?.['pid']), 'SIGKILL');
      },
    ],
  ])('%s comes up again, reports it once, and keeps its rows', async (_, kill) => {
    const directory = copy();
    const { url, events } = await startTestServer(directory);
    await query(url, 'insert into notes values (2)');
    await kill(directory, url);
    const told = () => events.filter(({ kind }) => kind !== 'log').map(({ kind }) => kind);
    await vi.waitFor(() => expect(told()).toEqual(['down', 'up again']), soon);
    expect(await query(url, 'select count(*)::int from notes')).toEqual([{ count: 2 }]);
  });

  test('is not started again once it is stopped', async () => {
    const directory = copy();
    const server = await startTestServer(directory);
    process.kill(postmasterOf(directory), 'SIGKILL');
    await vi.waitFor(() => expect(server.events.at(-1)).toMatchObject({ kind: 'down' }), soon);
    await server.stop();
    await server.stop();
    expect(server.events.filter(({ kind }) => kind === 'up again')).toEqual([]);
    expect(await query((await startTestServer(directory)).url, NOTES)).toEqual(WRITTEN);
  });
});

test('a server whose folder is removed takes no more statements, and makes no other folder', async () => {
  const directory = copy();
  const { url, events } = await startTestServer(directory);
  rmSync(directory, { recursive: true });
  const reason = 'its folder was removed or replaced';
  await vi.waitFor(() => expect(events.at(-1)).toEqual({ kind: 'down', reason }), soon);
  await expect(query(url, NOTES)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(existsSync(directory)).toBe(false);
});

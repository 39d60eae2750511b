import { cpSync, existsSync, readdirSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lostFile, lostPart } from './cluster-parts.ts';
import { clusterIn, inspectFolder } from './folder.ts';
import { NOTES, query, startTestServer, useMadeDatabase, WRITTEN } from './test-folder.ts';

const copy = useMadeDatabase();
const NEXT_STEP = 'Copy it anew, or restore a backup into another DATA_DIR.';

test('a whole cluster lacks nothing', () => {
  const cluster = clusterIn(copy());
  expect([lostPart(cluster), lostFile(cluster)]).toEqual([undefined, undefined]);
});

test.each([
  'base/1',
  'base/4',
  'base/5',
  'base/5/pg_filenode.map',
  'base/5/PG_VERSION',
  'base/5/1259',
  'global/1262',
  'global/pg_control',
  'pg_wal',
  'pg_xact/0000',
  'pg_multixact/offsets/0000',
])(
  'a cluster that was copied without %s is refused before anything changes, and taken once it is complete',
  async (name) => {
    const directory = copy();
    const part = join(clusterIn(directory), name);
    renameSync(part, `${directory}-part`);
    const before = readdirSync(directory, { recursive: true });
    expect(() => inspectFolder(directory)).toThrow(NEXT_STEP);
    await expect(startTestServer(directory)).rejects.toThrow(NEXT_STEP);
    expect(readdirSync(directory, { recursive: true })).toEqual(before);
    renameSync(`${directory}-part`, part);
    const { url } = await startTestServer(directory);
    expect(await query(url, NOTES)).toEqual(WRITTEN);
  },
);

test('when any file was copied in part or not at all, a start says what to do, or works', async () => {
  const made = copy();
  const files = readdirSync(clusterIn(made), { recursive: true, encoding: 'utf8' })
    .filter((name) => /^(?:base|global|pg_wal|pg_xact|pg_multixact)\//.test(name))
    .filter((name) => statSync(join(clusterIn(made), name)).isFile());
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...files),
      fc.constantFrom('gone', 'empty', 'half'),
      async (name, damage) => {
        const directory = copy();
        const file = join(clusterIn(directory), name);
        if (damage === 'gone') rmSync(file);
        else truncateSync(file, damage === 'empty' ? 0 : Math.floor(statSync(file).size / 2));
        const outcome = await startTestServer(directory).catch((error: unknown) => error as Error);
        const isRefused = outcome instanceof Error;
        const says = isRefused ? outcome.message : NEXT_STEP;
        expect([name, damage, says]).toEqual([
          name,
          damage,
          expect.stringMatching(/^[^\n]*(?:another DATA_DIR|Remove the file password, and start again)\.$/),
        ]);
        if (!isRefused) return outcome.stop();
        // Once the file is copied, nothing is lost.
        cpSync(join(clusterIn(made), name), file, { preserveTimestamps: true });
        return undefined;
      },
    ),
    { numRuns: 15 },
  );
  expect(existsSync(made)).toBe(true);
});

import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { canBecomeOthers } from '../../harness/processes/root-rights.ts';
import { clusterIn } from './folder.ts';
import { letEveryoneRun } from './programs.ts';
import {
  NOTES,
  openTestFolder,
  postmasterOf,
  query,
  startElsewhere,
  startTestServer,
  useMadeDatabase,
  WRITTEN,
} from './test-folder.ts';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;
/** A user id without a name. */
const NAMELESS = 54_321;
const asUser = (uid: number) => ['/usr/bin/setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];

const copy = useMadeDatabase();

/** The user who runs a process. */
const userOf = (pid: number) => statSync(`/proc/${pid}`).uid;

test('PostgreSQL never runs as root, and the database belongs to the user who runs it', async () => {
  const directory = copy();
  const { url } = await startTestServer(directory);
  const user = isRoot ? NOBODY : process.getuid?.();
  expect(userOf(postmasterOf(directory))).toBe(user);
  expect(statSync(clusterIn(directory)).uid).toBe(user);
  expect(await query(url, NOTES)).toEqual(WRITTEN);
});

const RIGHTS = /^CapBnd:\s+([\da-f]+)$/m;
const DAC_READ_SEARCH = 1n << 2n;
/** Whether root may enter any folder here, and pass that right on: in most containers it may not. */
const hasRight = () =>
  (BigInt(`0x${RIGHTS.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]}`) & DAC_READ_SEARCH) !== 0n;

describe.runIf(isRoot)('as root', () => {
  /** A database folder below one that only root may enter. */
  function openPrivateFolder(): string {
    const folder = openTestFolder();
    chmodSync(folder, 0o700);
    return join(folder, 'data', 'postgres');
  }

  test.runIf(isRoot && hasRight())(
    'PostgreSQL reaches a database below a folder that only root may enter by one right of root, and no other',
    async () => {
      const directory = openPrivateFolder();
      const { url } = await startTestServer(directory);
      expect(userOf(postmasterOf(directory))).toBe(NOBODY);
      expect(readFileSync(`/proc/${postmasterOf(directory)}/status`, 'utf8')).toMatch(/^CapEff:\s+0*4$/m);
      expect(await query(url, 'select 1 as number')).toEqual(WRITTEN);
    },
  );

  test.runIf(canBecomeOthers)(
    'a folder that only root may enter is named when root may not give that right',
    async () => {
      const directory = openPrivateFolder();
      const folder = join(directory, '..', '..');
      const { said } = await startElsewhere(directory, [
        '/usr/bin/setpriv',
        '--bounding-set=-dac_read_search',
      ]);
      expect(said).toContain(
        `PostgreSQL, which refuses to run as root, cannot enter ${folder} as user ${NOBODY}. ` +
          'Let everyone enter it, or run Terse as another user.',
      );
    },
  );

  test.runIf(canBecomeOthers).each(['-setuid', '-chown'])(
    'the start says that root with the bounding set %s cannot become another user',
    async (right) => {
      const directory = join(openTestFolder(), 'postgres');
      const { said } = await startElsewhere(directory, ['/usr/bin/setpriv', `--bounding-set=${right}`]);
      expect(said).toMatch(
        /PostgreSQL refuses to run as root, and root cannot become another user here \(.+ not permitted.*\)\. Run Terse as/,
      );
    },
  );

  test.runIf(canBecomeOthers)(
    'folders that the start makes let PostgreSQL in, without that right',
    async () => {
      const directory = join(openTestFolder(), 'data', 'postgres');
      const { said } = await startElsewhere(directory, [
        '/usr/bin/setpriv',
        '--bounding-set=-dac_read_search',
      ]);
      expect(said).toBe('ready');
    },
  );

  test('programs that were installed for root alone are opened to the user who runs them', () => {
    const native = openTestFolder();
    mkdirSync(join(native, 'bin'));
    const programs = ['initdb', 'postgres'].map((name) => join(native, 'bin', name));
    for (const program of programs) writeFileSync(program, '', { mode: 0o700 });
    letEveryoneRun(native);
    expect(programs.map((program) => statSync(program).mode & 0o777)).toEqual([0o755, 0o755]);
  });

  test.runIf(canBecomeOthers)('a user other than root runs PostgreSQL as that user', async () => {
    const folder = openTestFolder();
    chmodSync(folder, 0o777);
    const directory = join(folder, 'data', 'postgres');
    const { said } = await startElsewhere(directory, asUser(NOBODY));
    expect(said).toBe('ready');
    expect(userOf(postmasterOf(directory))).toBe(NOBODY);
    expect([directory, clusterIn(directory)].map((path) => statSync(path).mode & 0o777)).toEqual([
      0o700, 0o700,
    ]);
  });

  test.runIf(canBecomeOthers)(
    'the start says that initdb refuses a user without a name, and leaves no database',
    async () => {
      const folder = openTestFolder();
      chmodSync(folder, 0o777);
      const directory = join(folder, 'postgres');
      const { said } = await startElsewhere(directory, asUser(NAMELESS));
      expect(said).toContain(`this system has no name for the user ${NAMELESS}`);
      expect(() => statSync(clusterIn(directory))).toThrow('ENOENT');
    },
  );
});

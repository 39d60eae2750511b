import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBareDatabase } from '@terse/repository/test-database';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startFunction } from '../../harness/processes/function-process.ts';
import { runCommand } from '../../harness/processes/run-command.ts';
import { freePorts } from '../../harness/processes/free-ports.ts';

test.each([{}, { ADMIN_API_KEY: 'unmigrated-test-key-0123' }])(
  'in production, without tables in the database, it says what creates them, and is ready once they exist: %j',
  async (key) => {
    const database = await openBareDatabase();
    onTestFinished(() => database.close());
    const directory = mkdtempSync(join(tmpdir(), 'terse-unmigrated-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const [port] = await freePorts(1);
    const terse = await startFunction('standalone', {
      DATABASE_URL: database.url,
      DATA_DIR: directory,
      NODE_ENV: 'production',
      EMBEDDED: 'accept',
      PORT: `${port}`,
      ...key,
    });
    onTestFinished(async () => void (await terse.end('SIGKILL')));
    const ready = async () => (await fetch(`${terse.internalUrl}/.ready`)).status;
    await vi.waitUntil(() => terse.output().includes('listens at'), { timeout: 20_000 });
    expect(terse.output()).toContain('Terse is not ready at');
    expect(terse.output()).toContain(
      '\n  The database of DATABASE_URL lacks tables of this release. Make them with npm run migrate.\n',
    );
    expect(await ready()).toBe(503);
    expect(await runCommand('migrate', [], { DATABASE_URL: database.url })).toMatchObject({ code: 0 });
    expect(await ready()).toBe(200);
    expect(await terse.end('SIGTERM')).toBe(0);
  },
);

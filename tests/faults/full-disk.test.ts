import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { API_KEY } from '../../harness/clients/api.ts';
import { eventually } from '../../harness/eventually.ts';
import { lastLogLine } from '../../harness/processes/log-line.ts';
import { canMount } from '../../harness/processes/root-rights.ts';
import { SingleProcess } from './single-process.ts';

const DISK = 'size=160m,mode=711';
const PER_SECOND = 200;
const ANSWERS_WITHIN_MS = 5000;
const HEADERS = { Authorization: `Bearer ${API_KEY}`, 'Content-Type': 'application/json' };

describe.runIf(canMount())('on a full disk (only as root, who may mount one)', { timeout: 180_000 }, () => {
  let disk: string;
  let product: SingleProcess;
  beforeEach(() => {
    disk = mkdtempSync(join(tmpdir(), 'terse-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', DISK, 'tmpfs', disk]);
    product = new SingleProcess(join(disk, 'data'), { LOG_LEVEL: 'info' });
  });
  afterEach(async () => {
    await product.end('SIGKILL');
    execFileSync('umount', ['-l', disk]);
    rmSync(disk, { recursive: true });
  });

  const filler = () => join(disk, 'filler');

  /** Fills the disk, and uses up PostgreSQL's existing write-ahead log, until PostgreSQL is down. */
  async function fill(): Promise<void> {
    const filling = () => {
      for (;;) appendFileSync(filler(), Buffer.alloc(64 * 1024, 1));
    };
    await eventually(async () => {
      expect(filling).toThrow('ENOSPC');
      await product
        .withSql((sql) => sql`select pg_logical_emit_message(false, 'filler', 'x'), pg_switch_wal()`)
        .catch(() => {});
      expect(await services()).toMatchObject({ database: 'down' });
    }, 30_000);
  }

  async function services(): Promise<unknown> {
    const { text } = await call(`${product.running.internalUrl}/.ready`);
    return (JSON.parse(text) as { services: unknown }).services;
  }

  const call = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(path, {
      ...init,
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWERS_WITHIN_MS),
    });
    return {
      status: response.status,
      type: response.headers.get('Content-Type'),
      text: await response.text(),
    };
  };

  test('redirects go on, the API answers 503, and all visits are stored once there is space', async () => {
    await product.start();
    const { running } = product;
    const code = (await product.createLink()) ?? '';
    const visitors = product.visit(code, PER_SECOND);
    await sleep(1000);
    await fill();
    const answers: Awaited<ReturnType<typeof call>>[] = [];
    for (let times = 0; times < 10; times++) {
      const link = { method: 'POST', headers: HEADERS, body: '{"original_url":"https://example.com/"}' };
      answers.push(await call(`${running.url}/api/v1/links`, link));
      expect((await call(`${running.internalUrl}/.live`)).status).toBe(200);
      await sleep(300);
    }
    // PostgreSQL tries again each second, and may find space for a moment.
    const made = answers
      .filter(({ status }) => status === 201)
      .map(({ text }) => (JSON.parse(text) as { short_code: string }).short_code);
    const refusals = answers.filter(({ status }) => status !== 201);
    expect(refusals.length).toBeGreaterThan(0);
    for (const refusal of refusals) {
      expect(refusal).toMatchObject({ status: 503, type: 'application/problem+json' });
    }
    rmSync(filler());
    const hasSpaceAt = performance.now();
    made.push(
      await eventually(async () => {
        const later = await product.createLink();
        expect.assert(later !== undefined);
        return later;
      }, 30_000),
    );
    process.stdout.write(
      `the API works ${Math.round(performance.now() - hasSpaceAt)} ms after there is space\n`,
    );
    await sleep(500);
    const { answered, refused } = await visitors.stop();
    expect([...refused]).toEqual([]);
    expect(answered.size).toBeGreaterThan(3 * PER_SECOND);
    await product.expectEachStoredOnce(code, answered);
    for (const each of made) expect((await call(`${running.url}/${each}`)).status).toBe(307);
    expect(lastLogLine(running, 'the embedded database is up again')).toBeDefined();
  });

  test('a stop ends in time, and reports all visits that the next start does not store', async () => {
    await product.start();
    const code = (await product.createLink()) ?? '';
    const visitors = product.visit(code, PER_SECOND);
    await sleep(1000);
    await fill();
    await sleep(2000);
    const { answered, refused } = await visitors.stop();
    expect([...refused]).toEqual([]);
    expect(await product.end('SIGTERM')).toBe(0);
    const { visits: lost = 0 } = lastLogLine(product.running, 'visits were dropped') ?? {};
    rmSync(filler());
    await product.start();
    await product.expectEachStoredOnce(code, answered, { lost: Number(lost) });
  });
});

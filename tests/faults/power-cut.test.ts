import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { canMount } from '../../harness/processes/root-rights.ts';
import { SingleProcess } from './single-process.ts';

const PER_SECOND = 200;
const TIMES = 5;
/** The journal is synced once a second. */
const JOURNAL_SYNCED_MS = 2500;

let folder: string;
let opened: SingleProcess[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'terse-power-'));
  opened = [];
});
afterEach(async () => {
  for (const product of opened) await product.end('SIGKILL');
  rmSync(folder, { recursive: true, maxRetries: 20 });
});

function open(directory: string): SingleProcess {
  const product = new SingleProcess(directory);
  opened.push(product);
  return product;
}

/** Creates links one after another until `stop` or the end of the product. `stop` resolves to their codes. */
function createLinks(product: SingleProcess): { stop(): Promise<string[]> } {
  const made: string[] = [];
  const stop = new AbortController();
  async function make(): Promise<string[]> {
    while (!stop.signal.aborted) {
      const code = await product.createLink().catch(() => undefined);
      if (code === undefined) break;
      made.push(code);
    }
    return made;
  }
  const making = make();
  return {
    stop: () => {
      stop.abort();
      return making;
    },
  };
}

async function expectLinks(product: SingleProcess, made: readonly string[]): Promise<void> {
  const found = await product.withSql((sql) => sql<{ short_code: string }[]>`select short_code from links`);
  const codes = new Set(found.map(({ short_code }) => short_code));
  expect(made.filter((code) => !codes.has(code))).toEqual([]);
}

test(
  'loses no answered visit or link when all its processes are killed at once, repeatedly',
  { timeout: 180_000 },
  async () => {
    const product = open(join(folder, 'data'));
    const all: string[] = [];
    const starts = [await product.start()];
    for (let times = 0; times < TIMES; times++) {
      const code = (await product.createLink()) ?? '';
      const visitors = product.visit(code, PER_SECOND);
      const links = createLinks(product);
      await sleep(1500);
      await product.killAll();
      const { answered, refused } = await visitors.stop();
      all.push(code, ...(await links.stop()));
      starts.push(await product.start());
      expect(answered.size).toBeGreaterThan(PER_SECOND / 2);
      await product.expectEachStoredOnce(code, answered, { unanswered: refused.get('broken') ?? 0 });
      await expectLinks(product, all);
    }
    process.stdout.write(`ready after ${starts.map(Math.round).join(', ')} ms\n`);
  },
);

/** Whether this process can mount an image of a disk. */
function canMountImages(): boolean {
  try {
    execFileSync('losetup', ['--find'], { stdio: 'ignore' });
    return canMount();
  } catch {
    return false;
  }
}

describe.runIf(canMountImages())(
  'when the power fails (only as root, who may mount a disk)',
  { timeout: 180_000 },
  () => {
    let mounted: string[];
    beforeEach(() => {
      mounted = [];
    });
    afterEach(async () => {
      for (const product of opened) await product.end('SIGKILL');
      for (const directory of mounted) execFileSync('umount', ['-l', directory]);
    });

    /** Mounts a disk that writes only synced data. */
    function mountDisk(image: string): string {
      const directory = `${image}.mounted`;
      mkdirSync(directory, { mode: 0o711 });
      execFileSync('mount', ['-o', 'loop,commit=600,noatime', image, directory]);
      mounted.push(directory);
      return directory;
    }

    function makeDisk(): string {
      const image = join(folder, 'disk');
      execFileSync('truncate', ['-s', '400M', image]);
      execFileSync('mkfs.ext4', ['-q', '-E', 'lazy_itable_init=0,root_owner=0:0', image]);
      return mountDisk(image);
    }

    /** Kills everything at once. @returns a copy of the disk, without data that only the memory had. */
    async function cutPower(product: SingleProcess): Promise<string> {
      await product.killAll();
      const image = join(folder, 'disk-after');
      execFileSync('cp', ['--sparse=always', join(folder, 'disk'), image]);
      return mountDisk(image);
    }

    test('all answered links are there, and all visits except those of the last second', async () => {
      const product = open(join(makeDisk(), 'data'));
      await product.start();
      const code = (await product.createLink()) ?? '';
      const visitors = product.visit(code, PER_SECOND);
      const links = createLinks(product);
      await sleep(3000);
      const after = open(join(await cutPower(product), 'data'));
      const { answered, refused } = await visitors.stop();
      const made = [code, ...(await links.stop())];
      expect(answered.size).toBeGreaterThan(PER_SECOND);
      expect(made.length).toBeGreaterThan(10);
      await after.start();
      await expectLinks(after, made);
      const stored = await after.expectEachStoredOnce(code, answered, {
        lost: 2 * PER_SECOND,
        unanswered: refused.get('broken') ?? 0,
      });
      process.stdout.write(
        `${answered.size} visits answered, ${stored} stored; ${made.length} links answered\n`,
      );
    });

    test('the very first link is there', async () => {
      const product = open(join(makeDisk(), 'data'));
      await product.start();
      const code = await product.createLink();
      const after = open(join(await cutPower(product), 'data'));
      await after.start();
      expect(code).toBeDefined();
      await expectLinks(after, [code ?? '']);
    });

    test('visits that the database has not stored are replayed from the journal', async () => {
      const product = open(join(makeDisk(), 'data'));
      await product.start();
      const code = (await product.createLink()) ?? '';
      const visitors = product.visit(code, PER_SECOND);
      await sleep(500);
      for (const pid of product.databaseProcesses()) process.kill(pid, 'SIGSTOP');
      await sleep(1500);
      const { answered, refused } = await visitors.stop();
      await sleep(JOURNAL_SYNCED_MS);
      const after = open(join(await cutPower(product), 'data'));
      await after.start();
      expect([...refused]).toEqual([]);
      await after.expectEachStoredOnce(code, answered);
    });
  },
);

import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestClock } from '@terse/platform/test-clock';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { MANIFESTS } from '../../../functions/manifests.ts';
import { createContext } from '../context.ts';
import { readConfig } from '../settings/config.ts';
import { openJournal } from './journal.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('a disk that fails for long is logged when it begins, once a minute, and when it is over', () => {
  const folder = mkdtempSync(join(tmpdir(), 'terse-journal-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const directory = join(folder, 'journal');
  const clock = createTestClock();
  const config = readConfig(MANIFESTS.standalone, { JOURNAL_DIR: directory, LOG_LEVEL: 'error' });
  const context = createContext(MANIFESTS.standalone, config, clock);
  const lines: string[] = [];
  const write = (details: unknown, text?: string) => {
    const { left_out: leftOut = '' } = details as { left_out?: number };
    lines.push(`${text} ${leftOut}`.trim());
  };
  vi.spyOn(context.log, 'error').mockImplementation(write);
  vi.spyOn(context.log, 'warn').mockImplementation(write);
  const journal = openJournal(context);
  onTestFinished(() => void journal?.close());
  const pass = (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      clock.advance(1000);
      vi.advanceTimersByTime(1000);
      // Visits go on meanwhile.
      journal?.append(Buffer.from('{}\n'), 1);
    }
  };

  const LOST = 'the journal of visits, or segments of it, disappeared; its folder is made again';
  const FAILED = 'the journal of visits could not use its disk as it should';
  const AGAIN = 'visits are in the journal again';
  for (const times of [1, 2]) {
    pass(3);
    rmSync(directory, { recursive: true });
    writeFileSync(directory, 'in the way');
    pass(150);
    unlinkSync(directory);
    pass(1);
    expect([times, lines]).toEqual([times, [LOST, FAILED, `${FAILED} 59`, `${FAILED} 59`, AGAIN]]);
    lines.length = 0;
  }
});

import { systemClock } from '@terse/platform/clock';
import { vi } from 'vitest';
import type { ShortCode } from '../links/short-code.ts';
import { testLink, testVisitor } from '../links/test-link.ts';
import { createTestMetrics } from '../test-metrics.ts';
import type { JournalListener, JournalSegment } from './ports.ts';
import { parseLines, splitLines } from './visit-lines.ts';
import type { ObservedVisit } from './visit-encoder.ts';
import { createVisitRecorder, type VisitRecorderOptions } from './visit-recorder.ts';
import type { Visit } from './visit.ts';

export const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Safari/537.36';

export const visit: ObservedVisit = {
  ...testVisitor,
  shortCode: testLink.short_code,
  ip: '192.0.2.0',
  userAgent: CHROME,
  isProbe: false,
};

/** A recorder whose queue and counter take everything, until a test says otherwise. */
export function setUpRecorder(options: Partial<VisitRecorderOptions> = {}) {
  const messages: Visit[][] = [];
  const counts = new Map<string, number>();
  const metrics = createTestMetrics();
  const publisher = {
    publish: vi.fn((body: string | Buffer) => {
      messages.push(parseLines(body.toString()) as Visit[]);
      return Promise.resolve();
    }),
  };
  const counter = {
    add: vi.fn((_id: string, deltas: ReadonlyMap<ShortCode, number>) => {
      for (const [code, delta] of deltas) counts.set(code, (counts.get(code) ?? 0) + delta);
      return Promise.resolve();
    }),
  };
  // Retries wait a tick instead of a backoff; deadlines stay as they are.
  const clock = { ...systemClock, sleep: (ms: number) => systemClock.sleep(ms >= 2000 ? ms : 1) };
  const recorder = createVisitRecorder({ publisher, counter, metrics, clock, ...options });
  return { recorder, publisher, counter, messages, counts, metrics };
}

/** A journal in memory, with what an earlier process left. */
export function createTestJournal(onDisk: string[] = []) {
  const segment = { name: 'memory' };
  const stored = { name: 'stored' };
  const appended: string[] = [];
  const spilled: string[] = [];
  const told: JournalListener = { onFound: () => {}, onWritable: () => {}, onLost: () => {} };
  // Read at once, as the bytes may change after the call.
  const recordsIn = (lines: Uint8Array) => splitLines(Buffer.from(lines).toString());
  const journal = {
    append: vi.fn((lines: Uint8Array): JournalSegment | undefined => {
      appended.push(...recordsIn(lines));
      return segment;
    }),
    spill: vi.fn((lines: Uint8Array) => {
      spilled.push(...recordsIn(lines));
      return true;
    }),
    restore: vi.fn(() => {
      const records = onDisk.length > 0 ? onDisk.splice(0) : spilled.splice(0);
      return Promise.resolve(records.length > 0 ? { segment: stored, records } : undefined);
    }),
    release: vi.fn(),
    has: vi.fn((_segment: JournalSegment) => true),
    protects: vi.fn(() => true),
    watch: vi.fn((listener: JournalListener) => void Object.assign(told, listener)),
    close: vi.fn(() => ({ records: 0, unreadBytes: 0 })),
  };
  const released = () => {
    const sums: Record<string, number> = {};
    for (const [{ name }, records] of journal.release.mock.calls as [JournalSegment, number][]) {
      sums[name] = (sums[name] ?? 0) + records;
    }
    return sums;
  };
  return { journal, appended, spilled, released, told };
}

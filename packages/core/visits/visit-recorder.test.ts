import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '@terse/platform/clock';
import { parseLines, splitLines } from './visit-lines.ts';
import type { ShortCode } from '../links/short-code.ts';
import { createTestMetrics } from '../test-metrics.ts';
import type { Visit } from './visit.ts';
import type { ObservedVisit } from './visit-encoder.ts';
import { createVisitRecorder, type VisitRecorderOptions } from './visit-recorder.ts';
import type { JournalListener, JournalSegment } from './ports.ts';

const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Safari/537.36';

const visit: ObservedVisit = {
  shortCode: 'hello' as ShortCode,
  ip: '192.0.2.0',
  userAgent: CHROME,
  referrer: undefined,
  country: null,
  isProbe: false,
};

function setUp(options: Partial<VisitRecorderOptions> = {}) {
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
  // Retries wait a tick instead of a backoff; deadlines are kept.
  const clock = { ...systemClock, sleep: (ms: number) => systemClock.sleep(ms >= 2000 ? ms : 1) };
  const recorder = createVisitRecorder({ publisher, counter, metrics, clock, ...options });
  return { recorder, publisher, counter, messages, counts, metrics };
}

test('coalesces visits into messages of at most 256, each visit with an id of its own', async () => {
  const { recorder, messages } = setUp();
  for (let index = 0; index < 1000; index++) recorder.record(visit);
  await recorder.close(5000);
  expect(messages.map((message) => message.length)).toEqual([256, 256, 256, 232]);
  expect(new Set(messages.flat().map(({ id }) => id)).size).toBe(1000);
});

test('lets a message gather though another one is confirmed meanwhile', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const { recorder, publisher, messages } = setUp();
  const first = Promise.withResolvers<void>();
  publisher.publish.mockReturnValueOnce(first.promise);
  const visitNow = () => {
    recorder.record(visit);
    recorder.commit();
  };
  visitNow();
  vi.advanceTimersByTime(20);
  expect(publisher.publish).toHaveBeenCalledTimes(1);
  visitNow();
  first.resolve();
  await new Promise(setImmediate);
  expect(publisher.publish).toHaveBeenCalledTimes(1);
  visitNow();
  vi.advanceTimersByTime(20);
  expect(messages.map((message) => message.length)).toEqual([2]);
});

test('publishes a lone visit without being told to', async () => {
  const { recorder, messages, counts } = setUp();
  recorder.record(visit);
  await vi.waitFor(() => expect(messages).toHaveLength(1));
  await vi.waitFor(() => expect(counts).toEqual(new Map([['hello', 1]])));
  expect(messages[0]?.[0]).toMatchObject({
    short_code: 'hello',
    ip: '192.0.2.0',
    user_agent: CHROME,
    is_bot: false,
  });
});

describe('tells people from bots', () => {
  test.each([
    ['a browser', visit, false],
    ['a HEAD request with the name of a browser', { ...visit, isProbe: true }, true],
    ['a crawler', { ...visit, userAgent: 'Mozilla/5.0 (compatible; Googlebot/2.1)' }, true],
    ['curl', { ...visit, userAgent: 'curl/8.5.0' }, true],
    ['no user agent', { ...visit, userAgent: undefined }, true],
    ['an empty user agent', { ...visit, userAgent: '' }, true],
  ])('%s', async (_name, observed, isBot) => {
    const { recorder, messages, counts } = setUp();
    recorder.record(observed);
    await recorder.close(5000);
    expect(messages.flat().map(({ is_bot }) => is_bot)).toEqual([isBot]);
    expect(counts.size).toBe(isBot ? 0 : 1);
  });
});

test('cuts overlong headers to what is stored of them', async () => {
  const { recorder, messages } = setUp();
  recorder.record({
    ...visit,
    userAgent: 'x'.repeat(10_000),
    referrer: `https://example.com/${'y'.repeat(10_000)}`,
  });
  await recorder.close(5000);
  expect(messages[0]?.[0]?.user_agent).toHaveLength(512);
  expect(messages[0]?.[0]?.referrer).toHaveLength(1024);
});

test('loses nothing when the queue and the counter fail for a while', async () => {
  const { recorder, publisher, counter, messages, counts } = setUp();
  for (let failures = 0; failures < 3; failures++) {
    publisher.publish.mockRejectedValueOnce(new Error('down'));
    counter.add.mockRejectedValueOnce(new Error('down'));
  }
  for (let index = 0; index < 600; index++) recorder.record(visit);
  await recorder.close(5000);
  expect(messages.flat()).toHaveLength(600);
  expect(counts).toEqual(new Map([['hello', 600]]));
});

test('leaves the bytes of a message as they are when its publishing failed, for it may still be under way', async () => {
  const kept: string[] = [];
  const add = vi.fn((body: string) => Promise.resolve(void kept.push(body)));
  const { recorder, publisher } = setUp({ overflow: { add } });
  const bodies: Buffer[] = [];
  publisher.publish.mockImplementation((body) => {
    bodies.push(body as Buffer);
    return Promise.reject(new Error('timed out'));
  });
  // Long enough that a message fills most of the memory that is used again.
  const long = { ...visit, referrer: `https://example.com/${'y'.repeat(1000)}` };
  for (let message = 0; message < 5; message++) {
    for (let index = 0; index < 64; index++) recorder.record(long);
    recorder.commit();
    await vi.waitFor(() => expect(kept).toHaveLength(message + 1));
  }
  await recorder.close(5000);
  expect(bodies.map(String)).toEqual(kept);
});

test('tries a failed addition again under the same id, so that it counts once', async () => {
  const { recorder, counter } = setUp();
  counter.add.mockRejectedValueOnce(new Error('timed out'));
  recorder.record(visit);
  await recorder.close(5000);
  expect(counter.add).toHaveBeenCalledTimes(2);
  expect(counter.add.mock.calls[0]).toEqual(counter.add.mock.calls[1]);
});

test('drops the newest visits beyond its bound, and counts every one of them', async () => {
  const held = Promise.withResolvers<void>();
  const { recorder, publisher, messages, metrics } = setUp({ maxBuffered: 100 });
  publisher.publish.mockReturnValueOnce(held.promise);
  const dropped = vi.spyOn(metrics, 'visitsDropped');
  for (let index = 0; index < 130; index++) recorder.record(visit);
  recorder.commit();
  expect(dropped.mock.calls).toEqual([
    ['buffer_full', 28],
    ['buffer_full', 2],
  ]);
  held.resolve();
  await recorder.close(5000);
  recorder.record(visit);
  expect(dropped).toHaveBeenLastCalledWith('shutdown', 1);
  expect(messages).toEqual([]);
});

test('gives up at the deadline when the queue stays down, and says how many visits that cost', async () => {
  const clock = { ...systemClock, sleep: (ms: number) => systemClock.sleep(ms === 20 ? 20 : 1) };
  const { recorder, publisher, metrics } = setUp({ clock });
  publisher.publish.mockReturnValue(new Promise(() => {}));
  const dropped = vi.spyOn(metrics, 'visitsDropped');
  for (let index = 0; index < 10; index++) recorder.record(visit);
  await recorder.close(20);
  expect(dropped.mock.calls).toEqual([['shutdown', 10]]);
});

describe('without a disk', () => {
  function setUpOverflow() {
    const kept: string[] = [];
    const add = vi.fn((body: string) => {
      kept.push(body);
      return Promise.resolve();
    });
    const services = setUp({ overflow: { add } });
    return {
      ...services,
      add,
      ids: () => kept.flatMap((body) => (parseLines(body) as Visit[]).map(({ id }) => id)),
    };
  }

  test('gives the overflow what the queue does not take, and nothing else', async () => {
    const { recorder, publisher, messages, ids } = setUpOverflow();
    recorder.record(visit);
    await vi.waitFor(() => expect(messages).toHaveLength(1));
    publisher.publish.mockRejectedValue(new Error('down'));
    for (let index = 0; index < 300; index++) recorder.record(visit);
    await recorder.close(5000);
    expect(messages.flat()).toHaveLength(1);
    expect(new Set(ids()).size).toBe(300);
  });

  test('keeps in memory, and tries again, what neither takes', async () => {
    const { recorder, publisher, add, messages, ids } = setUpOverflow();
    publisher.publish.mockRejectedValueOnce(new Error('down'));
    add.mockRejectedValueOnce(new Error('full'));
    recorder.record(visit);
    await recorder.close(5000);
    expect(messages.flat()).toHaveLength(1);
    expect(ids()).toEqual([]);
  });
});

describe('a response that waits for its visit', () => {
  test('waits until it is published and counted', async () => {
    const published = Promise.withResolvers<void>();
    const counted = Promise.withResolvers<void>();
    const { recorder, publisher, counter } = setUp({ confirmWithinMs: 5000 });
    publisher.publish.mockReturnValueOnce(published.promise);
    counter.add.mockReturnValueOnce(counted.promise);
    const answered = vi.fn();
    recorder.record(visit);
    const answering = recorder.confirmed()?.then(answered);
    await vi.waitFor(() => expect(publisher.publish).toHaveBeenCalledTimes(1));
    published.resolve();
    await new Promise(setImmediate);
    expect(answered).not.toHaveBeenCalled();
    counted.resolve();
    await answering;
    expect(answered).toHaveBeenCalledTimes(1);
  });

  test('waits for its own visit only, not for those that come after it', async () => {
    const { recorder, publisher, counter } = setUp({ confirmWithinMs: 5000 });
    recorder.record(visit);
    const first = recorder.confirmed();
    await vi.waitFor(() => expect(publisher.publish).toHaveBeenCalledTimes(1));
    publisher.publish.mockReturnValue(new Promise(() => {}));
    counter.add.mockReturnValue(new Promise(() => {}));
    recorder.record(visit);
    await first;
    expect(publisher.publish).toHaveBeenCalledTimes(1);
  });

  test('is sent when its time is up; the visit is tried on', async () => {
    const { recorder, publisher, messages, metrics } = setUp({ confirmWithinMs: 20 });
    const unconfirmed = vi.spyOn(metrics, 'visitsUnconfirmed');
    const held = Promise.withResolvers<void>();
    publisher.publish.mockReturnValueOnce(held.promise.then(() => Promise.reject(new Error('late'))));
    recorder.record(visit);
    await recorder.confirmed();
    expect(unconfirmed).toHaveBeenCalledTimes(1);
    expect(messages).toEqual([]);
    held.resolve();
    await recorder.close(5000);
    expect(messages.flat()).toHaveLength(1);
  });

  test('does not wait when there is nothing to wait for: the visit came too late', async () => {
    const { recorder, metrics } = setUp({ confirmWithinMs: 5000 });
    const unconfirmed = vi.spyOn(metrics, 'visitsUnconfirmed');
    recorder.record(visit);
    await recorder.close(5000);
    recorder.record(visit);
    await recorder.confirmed();
    expect(unconfirmed).not.toHaveBeenCalled();
  });

  test('is the exception: by default there is nothing to wait for', () => {
    const { recorder } = setUp();
    recorder.record(visit);
    expect(recorder.confirmed()).toBeUndefined();
  });
});

describe('with a journal', () => {
  function createTestJournal(onDisk: string[] = []) {
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

  test('has the visits of a turn on disk when it is committed, and releases them when the queue has them', async () => {
    const { journal, appended, released } = createTestJournal();
    const { recorder, messages } = setUp({ journal });
    recorder.record(visit);
    recorder.record(visit);
    recorder.commit();
    expect(journal.append).toHaveBeenCalledTimes(1);
    expect(journal.release).not.toHaveBeenCalled();
    await recorder.close(5000);
    expect(messages.flat()).toEqual(appended.map((record): unknown => JSON.parse(record)));
    expect(released()).toEqual({ memory: 2 });
    expect(journal.close).toHaveBeenCalledTimes(1);
  });

  test('commits by itself when the turn ends', async () => {
    const { journal } = createTestJournal();
    const { recorder } = setUp({ journal });
    recorder.record(visit);
    await new Promise(setImmediate);
    expect(journal.append).toHaveBeenCalledTimes(1);
    await recorder.close(5000);
    expect(journal.append).toHaveBeenCalledTimes(1);
  });

  test('publishes what an earlier process left, under the ids that it had', async () => {
    const { journal: earlier, appended: left } = createTestJournal();
    const before = setUp({ journal: earlier });
    for (let index = 0; index < 300; index++) before.recorder.record(visit);
    before.recorder.commit();
    const { journal, released } = createTestJournal([...left]);
    const { recorder, messages } = setUp({ journal });
    await recorder.restored();
    expect(messages.flat().map(({ id }) => id)).toEqual(
      left.map((record) => (JSON.parse(record) as Visit).id),
    );
    expect(released()).toEqual({ stored: 300 });
    await recorder.close(5000);
  });

  test('leaves to the disk what memory has no room for, and publishes it later', async () => {
    const held = Promise.withResolvers<void>();
    const { journal, spilled, released } = createTestJournal();
    const { recorder, publisher, messages, metrics } = setUp({ journal, maxBuffered: 100 });
    const dropped = vi.spyOn(metrics, 'visitsDropped');
    publisher.publish.mockReturnValueOnce(held.promise);
    for (let index = 0; index < 130; index++) recorder.record(visit);
    recorder.commit();
    expect(spilled).toHaveLength(30);
    held.resolve();
    await vi.waitFor(() => expect(released()).toEqual({ memory: 100, stored: 30 }));
    expect(messages.flat()).toHaveLength(30);
    expect(dropped).not.toHaveBeenCalled();
    await recorder.close(5000);
  });

  test('drops, and counts, only what neither memory nor disk takes', async () => {
    const { journal } = createTestJournal();
    const { recorder, publisher, metrics } = setUp({ journal, maxBuffered: 100 });
    const dropped = vi.spyOn(metrics, 'visitsDropped');
    publisher.publish.mockReturnValue(new Promise(() => {}));
    journal.spill.mockReturnValue(false);
    for (let index = 0; index < 130; index++) recorder.record(visit);
    recorder.commit();
    expect(dropped.mock.calls).toEqual([
      ['journal_full', 28],
      ['journal_full', 2],
    ]);
  });

  test('goes on in memory when the disk fails, and then calls lost only what is lost', async () => {
    const clock = { ...systemClock, sleep: (ms: number) => systemClock.sleep(ms === 20 ? 20 : 1) };
    const { journal } = createTestJournal();
    const { recorder, publisher, metrics } = setUp({ journal, clock });
    const dropped = vi.spyOn(metrics, 'visitsDropped');
    publisher.publish.mockReturnValue(new Promise(() => {}));
    recorder.record(visit);
    recorder.commit();
    journal.append.mockReturnValue(undefined);
    recorder.record(visit);
    recorder.record(visit);
    await recorder.close(20);
    expect(dropped.mock.calls).toEqual([['shutdown', 2]]);
  });

  test('writes again what only memory has when the folder was lost, once, and releases that', async () => {
    const held = Promise.withResolvers<void>();
    const { journal, appended, released, told } = createTestJournal();
    const { recorder, publisher, metrics } = setUp({ journal });
    const dropped = vi.spyOn(metrics, 'visitsDropped');
    publisher.publish.mockReturnValue(held.promise);
    for (let index = 0; index < 300; index++) recorder.record(visit);
    recorder.commit();
    const before = appended.splice(0);
    const anew = { name: 'anew' };
    journal.append.mockImplementation((lines) => {
      appended.push(...splitLines(Buffer.from(lines).toString()));
      return anew;
    });
    journal.has.mockImplementation((segment) => segment === anew);
    told.onWritable();
    told.onWritable();
    expect(appended.toSorted()).toEqual(before.toSorted());
    held.resolve();
    await recorder.close(5000);
    expect(released()['anew']).toBe(300);
    expect(dropped).not.toHaveBeenCalled();
  });

  test('takes up what the journal finds while the process lives', async () => {
    const found: string[] = [];
    const { journal, released, told } = createTestJournal(found);
    const { recorder, messages } = setUp({ journal });
    await recorder.restored();
    found.push('{"id":1}', '{"id":2}');
    told.onFound();
    await vi.waitFor(() => expect(released()).toEqual({ stored: 2 }));
    expect(messages.flat()).toHaveLength(2);
    await recorder.close(5000);
  });

  test('counts what only the disk had, when it is gone', async () => {
    const { journal, told } = createTestJournal();
    const { recorder, metrics } = setUp({ journal });
    const dropped = vi.spyOn(metrics, 'visitsDropped');
    told.onLost(7);
    expect(dropped.mock.calls).toEqual([['journal_lost', 7]]);
    await recorder.close(5000);
  });

  describe('and an overflow, when it is stopped while the queue is down', () => {
    function setUpStop(options: Partial<VisitRecorderOptions> = {}) {
      const clock = {
        ...systemClock,
        // Only the deadlines keep their length.
        sleep: (ms: number) => systemClock.sleep(ms >= 80 && ms <= 200 && ms !== 100 ? ms : 1),
      };
      const kept: string[] = [];
      const add = vi.fn((body: string) => Promise.resolve(void kept.push(body)));
      const services = createTestJournal();
      const run = setUp({ journal: services.journal, overflow: { add }, clock, ...options });
      run.publisher.publish.mockImplementation(() => new Promise(() => {}));
      const ids = () => new Set(kept.flatMap((body) => (parseLines(body) as Visit[]).map(({ id }) => id)));
      const visitTimes = (times: number) => {
        for (let index = 0; index < times; index++) run.recorder.record(visit);
        run.recorder.commit();
      };
      return { ...services, ...run, add, ids, visitTimes };
    }

    test('gives the overflow what is in memory and what is on disk only, and releases all of it', async () => {
      const { recorder, visitTimes, ids, released, spilled, metrics } = setUpStop({ maxBuffered: 200 });
      const dropped = vi.spyOn(metrics, 'visitsDropped');
      visitTimes(300);
      expect(spilled).toHaveLength(100);
      expect(await recorder.close(180)).toEqual({ onDisk: 0, unreadBytes: 0, dropped: 0 });
      expect(ids().size).toBe(300);
      expect(released()).toEqual({ memory: 200, stored: 100 });
      expect(dropped).not.toHaveBeenCalled();
    });

    test('gives the overflow nothing before', async () => {
      const { recorder, publisher, visitTimes, add } = setUpStop();
      publisher.publish.mockRejectedValue(new Error('down'));
      visitTimes(300);
      await vi.waitFor(() => expect(publisher.publish.mock.calls.length).toBeGreaterThan(4));
      expect(add).not.toHaveBeenCalled();
      await recorder.close(180);
    });

    test('says what is left on disk, and what nothing has, when the overflow is down, too', async () => {
      const { recorder, journal, visitTimes, add, released, metrics } = setUpStop();
      const dropped = vi.spyOn(metrics, 'visitsDropped');
      const left = vi.spyOn(metrics, 'visitsLeftOnDisk');
      add.mockRejectedValue(new Error('down'));
      visitTimes(20);
      journal.append.mockReturnValue(undefined);
      visitTimes(3);
      journal.close.mockReturnValue({ records: 20, unreadBytes: 1000 });
      expect(await recorder.close(180)).toEqual({ onDisk: 20, unreadBytes: 1000, dropped: 3 });
      expect(dropped.mock.calls).toEqual([['shutdown', 3]]);
      expect(left.mock.calls).toEqual([[20]]);
      expect(released()).toEqual({});
    });

    test('is taken by one of the two when both come back late, and counted once', async () => {
      const { recorder, publisher, visitTimes, add, ids, released } = setUpStop();
      const held = Promise.withResolvers<void>();
      publisher.publish.mockReturnValue(held.promise);
      add.mockRejectedValueOnce(new Error('down'));
      visitTimes(256);
      const closed = recorder.close(180);
      await vi.waitFor(() => expect(ids().size).toBe(256));
      held.resolve();
      await closed;
      expect(released()).toEqual({ memory: 256 });
    });
  });
});

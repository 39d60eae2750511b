import { systemClock } from '@terse/platform/clock';
import { describe, expect, test, vi } from 'vitest';
import { createTestJournal, setUpRecorder, visit } from './test-recorder.ts';
import { parseLines } from './visit-lines.ts';
import type { VisitRecorderOptions } from './visit-recorder.ts';
import type { Visit } from './visit.ts';

describe('without a disk', () => {
  function setUpOverflow() {
    const stored: string[] = [];
    const add = vi.fn((body: string) => {
      stored.push(body);
      return Promise.resolve();
    });
    const services = setUpRecorder({ overflow: { add } });
    return {
      ...services,
      add,
      ids: () => stored.flatMap((body) => (parseLines(body) as Visit[]).map(({ id }) => id)),
    };
  }

  test('gives the overflow queue only the messages that the queue does not take', async () => {
    const { recorder, publisher, messages, ids } = setUpOverflow();
    recorder.record(visit);
    await vi.waitFor(() => expect(messages).toHaveLength(1));
    publisher.publish.mockRejectedValue(new Error('down'));
    for (let index = 0; index < 300; index++) recorder.record(visit);
    await recorder.close(5000);
    expect(messages.flat()).toHaveLength(1);
    expect(new Set(ids()).size).toBe(300);
  });

  test('holds messages that neither takes in memory, and tries them again', async () => {
    const { recorder, publisher, add, messages, ids } = setUpOverflow();
    publisher.publish.mockRejectedValueOnce(new Error('down'));
    add.mockRejectedValueOnce(new Error('full'));
    recorder.record(visit);
    await recorder.close(5000);
    expect(messages.flat()).toHaveLength(1);
    expect(ids()).toEqual([]);
  });
});

describe('with a disk, when it is stopped while the queue is down', () => {
  function setUpStop(options: Partial<VisitRecorderOptions> = {}) {
    const clock = {
      ...systemClock,
      // Only the deadlines keep their length.
      sleep: (ms: number) => systemClock.sleep(ms >= 80 && ms <= 200 && ms !== 100 ? ms : 1),
    };
    const stored: string[] = [];
    const add = vi.fn((body: string) => Promise.resolve(void stored.push(body)));
    const services = createTestJournal();
    const run = setUpRecorder({ journal: services.journal, overflow: { add }, clock, ...options });
    run.publisher.publish.mockImplementation(() => new Promise(() => {}));
    const ids = () => new Set(stored.flatMap((body) => (parseLines(body) as Visit[]).map(({ id }) => id)));
    const visitTimes = (times: number) => {
      for (let index = 0; index < times; index++) run.recorder.record(visit);
      run.recorder.commit();
    };
    return { ...services, ...run, add, ids, visitTimes };
  }

  test('gives the overflow queue the visits in memory and those on disk only, and releases all', async () => {
    const { recorder, visitTimes, ids, released, spilled, metrics } = setUpStop({ maxBuffered: 200 });
    const dropped = vi.spyOn(metrics, 'visitsDropped');
    visitTimes(300);
    expect(spilled).toHaveLength(100);
    expect(await recorder.close(180)).toEqual({ onDisk: 0, unreadBytes: 0, dropped: 0 });
    expect(ids().size).toBe(300);
    expect(released()).toEqual({ memory: 200, stored: 100 });
    expect(dropped).not.toHaveBeenCalled();
  });

  test('gives the overflow queue nothing before the stop', async () => {
    const { recorder, publisher, visitTimes, add } = setUpStop();
    publisher.publish.mockRejectedValue(new Error('down'));
    visitTimes(300);
    await vi.waitFor(() => expect(publisher.publish.mock.calls.length).toBeGreaterThan(4));
    expect(add).not.toHaveBeenCalled();
    await recorder.close(180);
  });

  test('reports the visits left on disk, and the lost ones, when the overflow queue is down, too', async () => {
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

  test('counts a message once when both queues take it late', async () => {
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

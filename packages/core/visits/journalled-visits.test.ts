import { systemClock } from '@terse/platform/clock';
import { describe, expect, test, vi } from 'vitest';
import { createTestJournal, setUpRecorder, visit } from './test-recorder.ts';
import { splitLines } from './visit-lines.ts';
import type { Visit } from './visit.ts';

describe('with a journal', () => {
  test('has the visits of a turn on disk when it is committed, and releases them when the queue has them', async () => {
    const { journal, appended, released } = createTestJournal();
    const { recorder, messages } = setUpRecorder({ journal });
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
    const { recorder } = setUpRecorder({ journal });
    recorder.record(visit);
    await new Promise(setImmediate);
    expect(journal.append).toHaveBeenCalledTimes(1);
    await recorder.close(5000);
    expect(journal.append).toHaveBeenCalledTimes(1);
  });

  test('publishes visits of an earlier process, under their ids', async () => {
    const { journal: earlier, appended: left } = createTestJournal();
    const before = setUpRecorder({ journal: earlier });
    for (let index = 0; index < 300; index++) before.recorder.record(visit);
    before.recorder.commit();
    const { journal, released } = createTestJournal([...left]);
    const { recorder, messages } = setUpRecorder({ journal });
    await recorder.restored();
    expect(messages.flat().map(({ id }) => id)).toEqual(
      left.map((record) => (JSON.parse(record) as Visit).id),
    );
    expect(released()).toEqual({ stored: 300 });
    await recorder.close(5000);
  });

  test('leaves visits without room in memory on the disk, and publishes them later', async () => {
    const held = Promise.withResolvers<void>();
    const { journal, spilled, released } = createTestJournal();
    const { recorder, publisher, messages, metrics } = setUpRecorder({ journal, maxBuffered: 100 });
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

  test('drops, and counts, only visits that neither memory nor disk takes', async () => {
    const { journal } = createTestJournal();
    const { recorder, publisher, metrics } = setUpRecorder({ journal, maxBuffered: 100 });
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

  test('goes on in memory when the disk fails, and reports only lost visits as dropped', async () => {
    const clock = { ...systemClock, sleep: (ms: number) => systemClock.sleep(ms === 20 ? 20 : 1) };
    const { journal } = createTestJournal();
    const { recorder, publisher, metrics } = setUpRecorder({ journal, clock });
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

  test('writes visits that only memory has again, once, after the folder was lost, and releases them', async () => {
    const held = Promise.withResolvers<void>();
    const { journal, appended, released, told } = createTestJournal();
    const { recorder, publisher, metrics } = setUpRecorder({ journal });
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

  test('publishes visits that the journal finds while the process lives', async () => {
    const found: string[] = [];
    const { journal, released, told } = createTestJournal(found);
    const { recorder, messages } = setUpRecorder({ journal });
    await recorder.restored();
    found.push('{"id":1}', '{"id":2}');
    told.onFound();
    await vi.waitFor(() => expect(released()).toEqual({ stored: 2 }));
    expect(messages.flat()).toHaveLength(2);
    await recorder.close(5000);
  });

  test('counts visits as dropped when only the disk had them, and lost them', async () => {
    const { journal, told } = createTestJournal();
    const { recorder, metrics } = setUpRecorder({ journal });
    const dropped = vi.spyOn(metrics, 'visitsDropped');
    told.onLost(7);
    expect(dropped.mock.calls).toEqual([['journal_lost', 7]]);
    await recorder.close(5000);
  });
});

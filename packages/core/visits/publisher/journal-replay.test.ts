import { expect, test } from 'vitest';
import { createTestMetrics } from '../../test-metrics.ts';
import { createTestJournal } from '../test-recorder.ts';
import { JournalReplay } from './journal-replay.ts';
import { type OutgoingMessage, VISITS_PER_MESSAGE } from './outgoing-message.ts';

const records = (count: number) => Array.from({ length: count }, (_, index) => `{"n":${index}}`);

function setUp(onDisk: string[]) {
  const read: OutgoingMessage[] = [];
  const { journal } = createTestJournal(onDisk);
  const replay = new JournalReplay({
    journal,
    metrics: createTestMetrics(),
    onRead: (messages) => read.push(...messages),
  });
  return { replay, journal, read };
}

/** Whether `all` has resolved by now. */
async function isAll(replay: JournalReplay): Promise<boolean> {
  return Promise.race([replay.all.then(() => true), Promise.resolve().then(() => false)]);
}

test('makes messages of a segment, none larger than others, in the order of its records', async () => {
  const { replay, read } = setUp(records(VISITS_PER_MESSAGE + 1));
  await replay.next();
  expect(read.map(({ count, isReplayed }) => [count, isReplayed])).toEqual([
    [VISITS_PER_MESSAGE, true],
    [1, true],
  ]);
  expect(read.map(({ bytes }) => bytes?.body.toString()).join('')).toBe(
    `${records(VISITS_PER_MESSAGE + 1).join('\n')}\n`,
  );
});

test('is idle, and has all, once nothing is left to read and what was read is published', async () => {
  const { replay, read } = setUp(records(1));
  expect(replay.isIdle).toBe(false);
  await replay.next();
  await replay.next();
  replay.checkDone();
  expect([replay.isIdle, await isAll(replay)]).toEqual([false, false]);
  for (const message of read) replay.published(message);
  replay.checkDone();
  expect([replay.isIdle, await isAll(replay)]).toEqual([true, true]);
});

test('reads again when more is expected, one segment at a time', async () => {
  const { replay, journal, read } = setUp([]);
  await replay.next();
  journal.spill(Buffer.from('{"n":1}\n'));
  replay.resume();
  expect(journal.restore).toHaveBeenCalledTimes(1);
  replay.expect();
  replay.resume();
  replay.resume();
  await replay.stop();
  expect(journal.restore).toHaveBeenCalledTimes(2);
  expect(read.map(({ count }) => count)).toEqual([1]);
});

test('stopped: reads nothing in the background any more, only what is asked for', async () => {
  const { replay, journal, read } = setUp(records(1));
  await replay.stop();
  replay.resume();
  expect([journal.restore.mock.calls.length, replay.isIdle]).toEqual([0, true]);
  expect(await replay.next()).toHaveLength(1);
  expect(read).toHaveLength(1);
});

test('without a journal there is nothing to read', async () => {
  const replay = new JournalReplay({ journal: undefined, metrics: createTestMetrics(), onRead: () => {} });
  replay.checkDone();
  expect([replay.isIdle, await isAll(replay)]).toEqual([true, true]);
});

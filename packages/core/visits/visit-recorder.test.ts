import { systemClock } from '@terse/platform/clock';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { CHROME, setUpRecorder, visit } from './test-recorder.ts';

test('coalesces visits into messages of at most 256, each visit with a different id', async () => {
  const { recorder, messages } = setUpRecorder();
  for (let index = 0; index < 1000; index++) recorder.record(visit);
  await recorder.close(5000);
  expect(messages.map((message) => message.length)).toEqual([256, 256, 256, 232]);
  expect(new Set(messages.flat().map(({ id }) => id)).size).toBe(1000);
});

test('lets a message gather visits while another one is confirmed', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const { recorder, publisher, messages } = setUpRecorder();
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

test('publishes a single visit after a while', async () => {
  const { recorder, messages, counts } = setUpRecorder();
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
    const { recorder, messages, counts } = setUpRecorder();
    recorder.record(observed);
    await recorder.close(5000);
    expect(messages.flat().map(({ is_bot }) => is_bot)).toEqual([isBot]);
    expect(counts.size).toBe(isBot ? 0 : 1);
  });
});

test('cuts long headers to the length that is stored', async () => {
  const { recorder, messages } = setUpRecorder();
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
  const { recorder, publisher, counter, messages, counts } = setUpRecorder();
  for (let failures = 0; failures < 3; failures++) {
    publisher.publish.mockRejectedValueOnce(new Error('down'));
    counter.add.mockRejectedValueOnce(new Error('down'));
  }
  for (let index = 0; index < 600; index++) recorder.record(visit);
  await recorder.close(5000);
  expect(messages.flat()).toHaveLength(600);
  expect(counts).toEqual(new Map([['hello', 600]]));
});

test('does not reuse the bytes of a message whose publish failed, because it may still be under way', async () => {
  const stored: string[] = [];
  const add = vi.fn((body: string) => Promise.resolve(void stored.push(body)));
  const { recorder, publisher } = setUpRecorder({ overflow: { add } });
  const bodies: Buffer[] = [];
  publisher.publish.mockImplementation((body) => {
    bodies.push(body as Buffer);
    return Promise.reject(new Error('timed out'));
  });
  // Long enough that a message fills most of the memory that is reused.
  const long = { ...visit, referrer: `https://example.com/${'y'.repeat(1000)}` };
  for (let message = 0; message < 5; message++) {
    for (let index = 0; index < 64; index++) recorder.record(long);
    recorder.commit();
    await vi.waitFor(() => expect(stored).toHaveLength(message + 1));
  }
  await recorder.close(5000);
  expect(bodies.map(String)).toEqual(stored);
});

test('tries a failed addition again under the same id, so that it counts once', async () => {
  const { recorder, counter } = setUpRecorder();
  counter.add.mockRejectedValueOnce(new Error('timed out'));
  recorder.record(visit);
  await recorder.close(5000);
  expect(counter.add).toHaveBeenCalledTimes(2);
  expect(counter.add.mock.calls[0]).toEqual(counter.add.mock.calls[1]);
});

test('drops the newest visits beyond its bound, and counts every one of them', async () => {
  const held = Promise.withResolvers<void>();
  const { recorder, publisher, messages, metrics } = setUpRecorder({ maxBuffered: 100 });
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

test('gives up at the deadline when the queue stays down, and counts the lost visits', async () => {
  const clock = { ...systemClock, sleep: (ms: number) => systemClock.sleep(ms === 20 ? 20 : 1) };
  const { recorder, publisher, metrics } = setUpRecorder({ clock });
  publisher.publish.mockReturnValue(new Promise(() => {}));
  const dropped = vi.spyOn(metrics, 'visitsDropped');
  for (let index = 0; index < 10; index++) recorder.record(visit);
  await recorder.close(20);
  expect(dropped.mock.calls).toEqual([['shutdown', 10]]);
});

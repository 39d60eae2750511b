import { describe, expect, test, vi } from 'vitest';
import { setUpRecorder, visit } from './test-recorder.ts';

describe('a response that waits for its visit', () => {
  test('waits until it is published and counted', async () => {
    const published = Promise.withResolvers<void>();
    const counted = Promise.withResolvers<void>();
    const { recorder, publisher, counter } = setUpRecorder({ confirmWithinMs: 5000 });
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

  test('waits only for its visit, not for later ones', async () => {
    const { recorder, publisher, counter } = setUpRecorder({ confirmWithinMs: 5000 });
    recorder.record(visit);
    const first = recorder.confirmed();
    await vi.waitFor(() => expect(publisher.publish).toHaveBeenCalledTimes(1));
    publisher.publish.mockReturnValue(new Promise(() => {}));
    counter.add.mockReturnValue(new Promise(() => {}));
    recorder.record(visit);
    await first;
    expect(publisher.publish).toHaveBeenCalledTimes(1);
  });

  test('is sent when its time is up; the visit is tried again', async () => {
    const { recorder, publisher, messages, metrics } = setUpRecorder({ confirmWithinMs: 20 });
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

  test('does not wait for a visit that came after the stop', async () => {
    const { recorder, metrics } = setUpRecorder({ confirmWithinMs: 5000 });
    const unconfirmed = vi.spyOn(metrics, 'visitsUnconfirmed');
    recorder.record(visit);
    await recorder.close(5000);
    recorder.record(visit);
    await recorder.confirmed();
    expect(unconfirmed).not.toHaveBeenCalled();
  });

  test('is the exception: by default no response waits', () => {
    const { recorder } = setUpRecorder();
    recorder.record(visit);
    expect(recorder.confirmed()).toBeUndefined();
  });
});

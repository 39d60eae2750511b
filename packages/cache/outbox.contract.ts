import { expect, test } from 'vitest';
import type { Outbox } from '@terse/core/visits/ports';

export const MAX_BYTES = 1000;

/** What every outbox promises; `open` gives one that takes `MAX_BYTES`, empty before each test. */
export function describeOutbox(open: () => Outbox): void {
  const bodies = async (outbox: Outbox, limit = 100) => (await outbox.peek(limit)).map(({ body }) => body);

  test('gives messages in their order, as they were, until they are removed', async () => {
    const outbox = open();
    expect(await outbox.peek(10)).toEqual([]);
    for (const body of ['[1]', 'null', 'ü \u{1F517}', '[1]']) await outbox.add(body);
    expect(await bodies(outbox, 2)).toEqual(['[1]', 'null']);
    const [first, , third] = await outbox.peek(3);
    await outbox.remove([first?.id ?? '', third?.id ?? '']);
    expect(await bodies(outbox)).toEqual(['null', '[1]']);
  });

  test('takes no more than its bound, and as much again as was removed', async () => {
    const outbox = open();
    const large = 'ü'.repeat(MAX_BYTES / 4);
    await outbox.add(large);
    await outbox.add(large);
    await expect(outbox.add('x')).rejects.toThrow('full');
    const [{ id } = { id: '' }] = await outbox.peek(1);
    await outbox.remove([id]);
    // Removing again must not make room twice.
    await outbox.remove([id]);
    await outbox.add(large);
    await expect(outbox.add('x')).rejects.toThrow('full');
    expect(await bodies(outbox)).toEqual([large, large]);
  });
}

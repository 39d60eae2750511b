import { expect, test } from 'vitest';
import type { OverflowQueue } from '@terse/core/visits/ports';

export const MAX_BYTES = 1000;

/** What every overflow queue promises. `open` gives one that takes `MAX_BYTES`, empty before each test. */
export function describeOverflowQueue(open: () => OverflowQueue): void {
  const bodies = async (overflow: OverflowQueue, limit = 100) =>
    (await overflow.peek(limit)).map(({ body }) => body);

  test('returns messages in their order, unchanged, until they are removed', async () => {
    const overflow = open();
    expect(await overflow.peek(10)).toEqual([]);
    for (const body of ['[1]', 'null', 'ü \u{1F517}', '[1]']) await overflow.add(body);
    expect(await bodies(overflow, 2)).toEqual(['[1]', 'null']);
    const [first, , third] = await overflow.peek(3);
    await overflow.remove([first?.id ?? '', third?.id ?? '']);
    expect(await bodies(overflow)).toEqual(['null', '[1]']);
  });

  test('takes no more than its bound, and takes more once some is removed', async () => {
    const overflow = open();
    const large = 'ü'.repeat(MAX_BYTES / 4);
    await overflow.add(large);
    await overflow.add(large);
    await expect(overflow.add('x')).rejects.toThrow('full');
    const [{ id } = { id: '' }] = await overflow.peek(1);
    await overflow.remove([id]);
    // Removing again must not make room twice.
    await overflow.remove([id]);
    await overflow.add(large);
    await expect(overflow.add('x')).rejects.toThrow('full');
    expect(await bodies(overflow)).toEqual([large, large]);
  });
}

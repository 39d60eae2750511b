/**
 * Deals items out to so many takers, in turn. Where there are fewer items than takers, several takers have the same one, so
 * that each has something.
 */
export function shares<Item>(items: readonly Item[], takers: number): Item[][] {
  return Array.from({ length: takers }, (_, taker) =>
    items.filter((_item, place) => place % takers === taker % items.length),
  );
}

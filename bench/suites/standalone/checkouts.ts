import { alternate } from '../../alternate.ts';
import type { Checkout } from '../../product.ts';

/** This checkout, and the one it is compared with. */
export interface Checkouts {
  readonly now: Checkout;
  readonly before: Checkout | undefined;
}

/** What was measured of each; `before` is empty where there is none. */
export interface Compared<T> {
  readonly now: readonly T[];
  readonly before: readonly T[];
}

/** Measures the two in turn, so many times. */
export async function inTurn<T>(
  times: number,
  { now, before }: Checkouts,
  measure: (checkout: Checkout) => Promise<T>,
): Promise<Compared<T>> {
  const measured = await alternate(
    times,
    () => measure(now),
    async () => (before ? [await measure(before)] : []),
  );
  return {
    now: measured.map(({ subject }) => subject),
    before: measured.flatMap(({ reference }) => reference),
  };
}

/** The measurements of both, in a cell of the table. */
export function beside<T>({ now, before }: Compared<T>, tell: (values: readonly T[]) => string): string {
  return before.length === 0 ? tell(now) : `${tell(now)}; before ${tell(before)}`;
}

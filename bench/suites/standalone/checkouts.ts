import { alternate } from '../../alternate.ts';
import type { Checkout } from '../../product.ts';

/** This checkout, and the one to compare it with. */
export interface Checkouts {
  readonly now: Checkout;
  readonly before: Checkout | undefined;
}

/** The measurements of each; `before` is empty without another checkout. */
export interface Compared<T> {
  readonly now: readonly T[];
  readonly before: readonly T[];
}

/** Measures both in turn, so many times. */
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

/** Formats the measurements of both for a cell of the table. */
export function beside<T>({ now, before }: Compared<T>, format: (values: readonly T[]) => string): string {
  return before.length === 0 ? format(now) : `${format(now)}; before ${format(before)}`;
}

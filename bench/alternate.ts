/** Measures two things in turn, so that both of a pair meet the same conditions. */
export async function alternate<T, U>(
  pairs: number,
  subject: (pair: number) => Promise<T>,
  reference: (pair: number) => Promise<U>,
): Promise<{ readonly subject: T; readonly reference: U }[]> {
  const measured: { subject: T; reference: U }[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const first = await reference(pair);
    measured.push({ reference: first, subject: await subject(pair) });
  }
  return measured;
}

/** Picks one number of both measurements of a pair. */
export function pairOf<Name extends string>(name: Name) {
  return (pair: { subject: Record<Name, number>; reference: Record<Name, number> }) => ({
    subject: pair.subject[name],
    reference: pair.reference[name],
  });
}

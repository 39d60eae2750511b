import type { Fault } from './fault.ts';

/** Combines drawn faults that do not touch the same thing into one. */
export function composeFaults(faults: readonly Fault[], random: () => number, atMost: number): Fault {
  const drawn: Fault[] = [];
  const touched = new Set<string>();
  for (let draws = 0; draws < atMost; draws++) {
    const fault = faults[Math.floor(random() * faults.length)];
    if (!fault || drawn.includes(fault) || fault.touches.some((thing) => touched.has(thing))) continue;
    for (const thing of fault.touches) touched.add(thing);
    drawn.push(fault);
  }
  return {
    name: drawn.map(({ name }) => name).join(' + '),
    touches: [...touched],
    visitorsMaySee: [
      ...drawn.flatMap(({ visitorsMaySee = [] }) => visitorsMaySee),
      // A new redirect has no link in memory.
      ...(touched.has('redirect') && touched.has('postgres') ? ['503'] : []),
    ],
    inject: async (deployment, code) => {
      await Promise.all(drawn.map((fault) => fault.inject(deployment, code)));
    },
  };
}

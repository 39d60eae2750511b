import type { Harm } from './trial.ts';

/** Several harms at once, as many as are drawn and do not touch the same thing. */
export function composeHarms(harms: readonly Harm[], random: () => number, atMost: number): Harm {
  const drawn: Harm[] = [];
  const touched = new Set<string>();
  for (let draws = 0; draws < atMost; draws++) {
    const harm = harms[Math.floor(random() * harms.length)];
    if (!harm || drawn.includes(harm) || harm.touches.some((thing) => touched.has(thing))) continue;
    for (const thing of harm.touches) touched.add(thing);
    drawn.push(harm);
  }
  return {
    name: drawn.map(({ name }) => name).join(' + '),
    touches: [...touched],
    visitorsMaySee: [
      ...drawn.flatMap(({ visitorsMaySee = [] }) => visitorsMaySee),
      // A redirect that has just begun remembers nothing.
      ...(touched.has('redirect') && touched.has('postgres') ? ['503'] : []),
    ],
    inflict: async (house, code) => {
      await Promise.all(drawn.map((harm) => harm.inflict(house, code)));
    },
  };
}

import { parseArgs } from 'node:util';
import { createRandom } from '../random.ts';
import { composeHarms } from './compose.ts';
import { HARMS } from './harms.ts';
import { openHouse } from './house.ts';
import { createTrials } from './trial.ts';

const USAGE = `Does harm to a house of real processes and servers, and compares what was answered, stored and counted.

  npm run faults                              every fault once
  npm run faults -- --long                    several at once, drawn at random, for an hour
      [--minutes 60]                          or as long as this says
      [--at-once 3]                           how many at once
      [--seed 1]                              the same again
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean' },
      long: { type: 'boolean' },
      minutes: { type: 'string', default: '60' },
      'at-once': { type: 'string', default: '3' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }

  const house = await openHouse();
  const trials = createTrials(house);
  const survive = async (harm: (typeof HARMS)[number]) => {
    process.stdout.write(`${new Date().toISOString()} ${harm.name}\n`);
    await trials.survive(harm);
  };
  try {
    if (values.long) {
      process.stdout.write(`seed ${values.seed}\n`);
      const random = createRandom(Number(values.seed));
      const until = performance.now() + Number(values.minutes) * 60_000;
      while (performance.now() < until) await survive(composeHarms(HARMS, random, Number(values['at-once'])));
    } else {
      for (const harm of HARMS) await survive(harm);
    }
  } finally {
    process.stdout.write(`\n${trials.table()}\n`);
    await trials.close();
    await house.close();
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
}

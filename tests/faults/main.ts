import {
  commandLine,
  parseCommandLine,
  refuseWords,
  UsageError,
  wholeNumber,
} from '@terse/command-line/command-line';
import { createRandom } from '../../harness/random.ts';
import { Experiments } from './experiment.ts';
import { FAULTS } from './faults.ts';
import { openFaultyDeployment } from './faulty-deployment.ts';
import { composeFaults } from './injected/compose-faults.ts';

const USAGE = `Injects faults into a deployment on real servers, and compares the answered, stored and counted visits.

  npm run faults                              injects every fault once
  npm run faults -- --long                    injects several at once, drawn at random, for an hour
      [--minutes 60]                          for so many minutes
      [--at-once 3]                           so many at once
      [--seed 1]                              the same draws again
`;

const MAX_MINUTES = 10_000;
const MAX_SEED = 2 ** 32 - 1;

function readArguments(args: readonly string[]) {
  const { words, options } = parseCommandLine(args, {
    long: 'flag',
    minutes: 'value',
    'at-once': 'value',
    seed: 'value',
  });
  refuseWords(words);
  const { long, minutes = '60', 'at-once': atOnce = '3', seed = String(Date.now() % 1_000_000) } = options;
  if (long === undefined && Object.keys(options).length > 0) {
    throw new UsageError('These options are for --long.');
  }
  return {
    long: long !== undefined,
    minutes: wholeNumber('--minutes', minutes, 1, MAX_MINUTES),
    atOnce: wholeNumber('--at-once', atOnce, 1, FAULTS.length),
    seed: wholeNumber('--seed', seed, 0, MAX_SEED),
  };
}

async function main(): Promise<void> {
  const { long, minutes, atOnce, seed } = commandLine(USAGE, readArguments);
  const deployment = await openFaultyDeployment();
  const experiments = new Experiments(deployment);
  const survive = async (fault: (typeof FAULTS)[number]) => {
    process.stdout.write(`${new Date().toISOString()} ${fault.name}\n`);
    await experiments.survive(fault);
  };
  try {
    if (long) {
      process.stdout.write(`seed ${seed}\n`);
      const random = createRandom(seed);
      const until = performance.now() + minutes * 60_000;
      while (performance.now() < until) await survive(composeFaults(FAULTS, random, atOnce));
    } else {
      for (const fault of FAULTS) await survive(fault);
    }
  } finally {
    process.stdout.write(`\n${experiments.table()}\n`);
    await deployment.close();
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
}

import { existsSync, mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { commandLine, UsageError } from '@terse/command-line/command-line';
import { type Stack, startStack } from '../harness/servers/stack.ts';
import { parseArguments } from './arguments.ts';
import { bundleFunctions } from './bundles.ts';
import { type MeasuredDeployment, openMeasuredDeployment } from './deployment.ts';
import { prepareLoad } from './load/load.ts';
import { type Cores, findCores } from './machine/cores.ts';
import { type SuiteFindings, table } from './report.ts';
import type { Bench, Suite } from './suite.ts';
import { SUITES } from './suites.ts';

const USAGE = `Measures Terse on real PostgreSQL, Redis and RabbitMQ, and as one process, against minimal references.

  npm run bench                                every suite, each a few minutes at most
  npm run bench -- redirect-hot writer         these suites, of ${SUITES.map(({ name }) => name).join(', ')}
  npm run bench -- --full                      measures at the sizes of the goals, which takes hours
  npm run bench -- --pairs 7 --seconds 10      repeats each comparison so often, each run for so long
  npm run bench -- standalone --before DIR     compares this checkout with another, after \`npm ci\` there
  npm run bench -- --profile profiles          leaves a CPU profile of each function there; it slows them down

A ratio compares two things that are measured in turn: the median of the pairs, with the lowest and the highest.
The run fails when numbers of visits do not agree, and never because of a time.
`;

const report = (line: string) => process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  const names = SUITES.map(({ name }) => name);
  const options = commandLine(USAGE, (args) => {
    const given = parseArguments(args, names);
    return { ...given, before: given.before === undefined ? undefined : checkoutIn(given.before) };
  });
  const profileDirectory = options.profile === undefined ? undefined : resolve(options.profile);
  if (profileDirectory !== undefined) mkdirSync(profileDirectory, { recursive: true });

  await prepareLoad(report);
  const cores = findCores();
  cores.moveBeside(process.pid);
  let opening: Promise<Stack> | undefined;
  try {
    const shared = {};
    const results: SuiteFindings[] = [];
    for (const suite of SUITES.filter(({ name }) => options.suites.includes(name))) {
      const findings = await runSuite(suite, {
        ...options,
        cores,
        shared,
        report,
        openDeployment: async () => {
          opening ??= openStack(cores);
          return openMeasuredDeployment({ stack: await opening, cores, profileDirectory });
        },
      });
      results.push({ suite: suite.name, findings });
    }
    process.stdout.write(`\n${machine(cores.description, opening !== undefined)}\n\n${table(results)}\n`);
  } finally {
    await (await opening)?.stop();
  }
}

/** @throws UsageError unless the folder holds a checkout with its dependencies. */
function checkoutIn(directory: string): string {
  const root = resolve(directory);
  if (['functions/standalone/main.ts', 'node_modules'].every((path) => existsSync(join(root, path)))) {
    return root;
  }
  throw new UsageError('--before must be a checkout of Terse after `npm ci`.');
}

/** Bundles the functions as for production, and starts their backing services. */
async function openStack(cores: Cores): Promise<Stack> {
  await bundleFunctions();
  const stack = await startStack(undefined, { report });
  for (const { pid } of [stack.postgres, stack.redis, stack.rabbitmq]) {
    if (pid !== undefined) cores.moveBeside(pid);
  }
  return stack;
}

/** Runs a suite to its end. A failure becomes its finding and sets the exit code to 1; the other suites still run. */
async function runSuite(suite: Suite, bench: Bench): Promise<SuiteFindings['findings']> {
  report(`\n${suite.name}`);
  const deployments: MeasuredDeployment[] = [];
  const begin = performance.now();
  try {
    return await suite.run({
      ...bench,
      openDeployment: async () => {
        const deployment = await bench.openDeployment();
        deployments.push(deployment);
        return deployment;
      },
    });
  } catch (error) {
    process.exitCode = 1;
    report(`  failed: ${error instanceof Error ? error.stack : String(error)}`);
    const reason = error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error);
    return [{ what: 'the suite', size: '', measured: `failed: ${reason}` }];
  } finally {
    for (const deployment of deployments) await deployment.close();
    report(`  took ${Math.round((performance.now() - begin) / 1000)} s`);
  }
}

function machine(pinning: string, hasStack: boolean): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  return `${model}, ${pinning}; Node ${process.versions.node}; load by wrk${hasStack ? '; real PostgreSQL without fsync' : ''}`;
}

try {
  await main();
} catch (error) {
  report(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { commandLine, parseCommandLine, refuseWords } from '@terse/command-line/command-line';
import { runUntilStopped } from '@terse/runtime/process/process';
import { type BackingServiceName, type Stack, startStack } from './stack.ts';

const USAGE = `Starts PostgreSQL, Redis, its Upstash REST API and RabbitMQ on free ports of this machine, with empty data.

  npm run --silent stack                      prints their addresses as settings and runs until Ctrl-C
  npm run stack -- --exec 'npm test'          runs a command with these settings, then stops everything
`;

const SERVERS = ['postgres', 'redis', 'upstash', 'rabbitmq'] as const satisfies BackingServiceName[];
type Servers = Stack<(typeof SERVERS)[number]>;

/** The settings with which Terse uses these servers. */
function settingsFor({ postgres, redis, upstash, rabbitmq }: Servers): Record<string, string> {
  return {
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    UPSTASH_REDIS_REST_URL: upstash.url,
    UPSTASH_REDIS_REST_TOKEN: upstash.token,
    RABBITMQ_URL: rabbitmq.url,
  };
}

function start(): Promise<Servers> {
  return startStack(SERVERS, { report: (line) => process.stderr.write(`${line}\n`) });
}

async function runWithStack(command: string): Promise<number> {
  const stack = await start();
  try {
    return await run(command, settingsFor(stack));
  } finally {
    await stack.stop();
  }
}

/** Runs a command through the shell and returns its exit code as a shell does: 128 and more for a signal. */
async function run(command: string, settings: Record<string, string>): Promise<number> {
  const assignments = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  const child = spawn('env', [...assignments, 'sh', '-c', command], { stdio: 'inherit' });
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  process.on('SIGTERM', forward);
  process.on('SIGHUP', forward);
  // A terminal sends this signal to the command, too: this process only has to outlive it.
  process.on('SIGINT', () => undefined);
  const [code, signal] = (await once(child, 'exit')) as [number, null] | [null, NodeJS.Signals];
  return signal === null ? code : 128 + constants.signals[signal];
}

function shellLines(settings: Record<string, string>): string {
  return Object.entries(settings)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", String.raw`'\''`)}'\n`)
    .join('');
}

async function main(): Promise<void> {
  const { exec } = commandLine(USAGE, (args) => {
    const { words, options } = parseCommandLine(args, { exec: 'value' });
    refuseWords(words);
    return options;
  });
  if (exec === undefined) {
    await runUntilStopped(async () => {
      const stack = await start();
      // With given servers only, this process has nothing to do, and Node would end it.
      setInterval(() => undefined, 60_000);
      process.stdout.write(shellLines(settingsFor(stack)));
      process.stderr.write('Ctrl-C stops everything.\n');
      return { turnAway: () => Promise.resolve(), stop: stack.stop };
    });
  } else {
    process.exitCode = await runWithStack(exec);
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

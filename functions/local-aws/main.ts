import { manifest as counterFlush } from '@terse/counter-flush/manifest';
import { commandLine, parseCommandLine, UsageError } from '@terse/command-line/command-line';
import { systemClock } from '@terse/platform/clock';
import { askAws, askSecretsManager, regionOf } from '@terse/runtime/aws';
import { createLog } from '@terse/runtime/telemetry/log';
import { runOnce, runUntilStopped } from '@terse/runtime/process/process';
import { schedule } from '@terse/runtime/triggers';
import { type AskScheduler, putSchedules, readSchedules } from './schedules.ts';
import { putSecrets } from './secrets.ts';
import { createTicker } from './ticker.ts';

const USAGE = `Prepares and drives a server that stands in for AWS, at AWS_ENDPOINT_URL, for the images for AWS Lambda.

  setup <folder>              puts each file of the folder into its Secrets Manager, and creates the schedules
  tick <function>=<URL> …     invokes functions by its schedules, for a server that stores schedules only`;

const SETUP_WITHIN_MS = 120_000;
const TRY_AGAIN_MS = 1000;
const LOOK_EVERY_MS = 5000;

const askScheduler: AskScheduler = (request) => askAws('scheduler', request);

/** Waits for the server, which starts at the same time. */
async function untilSetUp(directory: string): Promise<string> {
  const deadline = systemClock.monotonic() + SETUP_WITHIN_MS;
  for (;;) {
    try {
      const secrets = await putSecrets(askSecretsManager, directory);
      const schedules = await putSchedules(askScheduler, regionOf());
      return `secrets: ${secrets.join(', ')}\nschedules: ${schedules.join(', ')}`;
    } catch (error) {
      if (systemClock.monotonic() > deadline) throw error;
      await systemClock.sleep(TRY_AGAIN_MS);
    }
  }
}

async function invoke(origins: ReadonlyMap<string, string>, target: string, input: string): Promise<void> {
  const origin = origins.get(target);
  if (origin === undefined) throw new Error(`The command line gives no URL of the function ${target}.`);
  const response = await fetch(new URL('/.events', origin), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: input,
    signal: AbortSignal.timeout(counterFlush.invocationTimeoutMs),
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(`${target} answered ${response.status}: ${answer}`);
}

async function startTicking(targets: readonly string[]) {
  const log = createLog('info');
  const origins = new Map(
    targets.map((target) => [target.replace(/=.*/, ''), target.replace(/^[^=]*=/, '')] as const),
  );
  const ticker = createTicker({
    schedules: () => readSchedules(askScheduler),
    invoke: async (target, input) => {
      await invoke(origins, target, input);
      log.info({ target, input }, 'invoked');
    },
    clock: systemClock,
    onFailure: ({ name }, error) => log.error({ err: error, schedule: name }, 'an invocation failed'),
  });
  const report = (error: unknown) => log.warn({ err: error }, 'the schedules could not be read');
  const ticking = schedule(LOOK_EVERY_MS, ticker.tick, report);
  return { turnAway: () => Promise.resolve(), stop: () => ticking.stop() };
}

const { command, rest } = commandLine(USAGE, (args) => {
  const [command, ...rest] = parseCommandLine(args, {}).words;
  if (command === 'setup' && rest.length === 1) return { command, rest };
  if (command === 'tick' && rest.length > 0 && rest.every((target) => /^[^=]+=http/.test(target))) {
    return { command, rest };
  }
  throw new UsageError(command === undefined ? 'Say what to do.' : `There is no command ${args.join(' ')}.`);
});
if (command === 'tick') void runUntilStopped(() => startTicking(rest));
else void runOnce(() => untilSetUp(rest[0] ?? ''));

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runCommand } from './command.ts';

/** A Docker engine with Compose. */
export interface Engine {
  /** The variables that the `docker` command needs to find it. */
  readonly environment: NodeJS.ProcessEnv;
  /** Stops it if these tests have started it and nobody else uses it. */
  close(): Promise<void>;
}

/** Starts an engine with the base images of Dockerfile and Compose, for machines that reach no registry. */
const STAND_IN = fileURLToPath(new URL('../../../shared/tools/stand-in.sh', import.meta.url));
const STAND_IN_START_MS = 280_000;

/** Returns a running engine, or the stand-in beside the repository, or else the reason why there is none. */
export async function openEngine(): Promise<Engine | string> {
  const fault = await faultOf({});
  if (fault === undefined) return { environment: {}, close: () => Promise.resolve() };
  if (!existsSync(STAND_IN) || process.getuid?.() !== 0) return `There is no Docker engine: ${fault}`;

  const environment = await standInEnvironment();
  if ((await faultOf(environment)) === undefined) return { environment, close: () => Promise.resolve() };
  await runCommand(STAND_IN, ['up'], { timeoutMs: STAND_IN_START_MS });
  return {
    environment,
    close: async () => {
      const running = await runCommand('docker', ['ps', '-q'], { environment });
      if (running === '') await runCommand(STAND_IN, ['down']);
    },
  };
}

/**
 * Reports that tests are skipped, and returns the reason.
 * @throws Error on a runner of CI, which must have an engine.
 */
export function skipped(missing: string): string {
  if (process.env['CI']) throw new Error(missing);
  process.stderr.write(`The tests of containers are skipped. ${missing}\n`);
  return missing;
}

async function faultOf(environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    await runCommand('docker', ['info'], { environment });
    await runCommand('docker', ['compose', 'version'], { environment });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function standInEnvironment(): Promise<NodeJS.ProcessEnv> {
  const script = 'eval "$("$0" env)" && printf "%s\\n" "$DOCKER_HOST" "$DOCKER_CONFIG" "$PATH"';
  const printed = await runCommand('bash', ['-c', script, STAND_IN]);
  const [DOCKER_HOST, DOCKER_CONFIG, PATH] = printed.trimEnd().split('\n');
  return { DOCKER_HOST, DOCKER_CONFIG, PATH };
}

import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../harness/processes/free-ports.ts';
import { statusOf } from '../../harness/processes/status-of.ts';
import { startProcess, untilUp } from '../../harness/processes/running-process.ts';
import { readTarget } from '../../harness/processes/dockerfile.ts';

/** A container Lambda: the process of the image, driven as the AWS Lambda Web Adapter drives it. */
export interface ContainerLambda {
  /**
   * Delivers an event of a trigger, as an invocation does.
   * @returns the answer of the function.
   * @throws InvocationError when Lambda would count the invocation as failed and the trigger would repeat it.
   */
  invoke(event: unknown): Promise<unknown>;
  /** Delivers a request that came through a load balancer. @throws InvocationError as `invoke` does. */
  request(path: string, init?: RequestInit): Promise<Response>;
  /** The URL of its readiness. */
  readonly readiness: string;
  /** The address to which its adapter forwards. */
  readonly origin: string;
  output(): string;
  /** Suspends it as Lambda does after an answer, until `thaw`. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

export class InvocationError extends Error {
  override readonly name = 'InvocationError';
}

const READY_WITHIN_MS = 15_000;

/** Starts the bundle of a function as the `lambda` image does, with more settings, and waits until it is ready. */
export async function startContainerLambda(
  name: string,
  settings: Readonly<Record<string, string>>,
): Promise<ContainerLambda> {
  const image = readTarget('lambda');
  const [port = 0, internalPort = 0] = await freePorts(2);
  const environment: Readonly<Record<string, string>> = {
    ...image.environment,
    HOST: '127.0.0.1',
    PORT: `${port}`,
    AWS_LWA_PORT: `${port}`,
    INTERNAL_PORT: `${internalPort}`,
    AWS_LWA_READINESS_CHECK_PORT: `${internalPort}`,
    ...settings,
  };
  const directory = layOut(name);
  const [, ...args] = image.command;
  const running = await startProcess([process.execPath, ...args], {
    directory,
    environment: { PATH: '', ...environment },
  });
  const origin = `http://${environment['AWS_LWA_HOST']}:${environment['AWS_LWA_PORT']}`;
  const internalOrigin = `http://${environment['AWS_LWA_HOST']}:${environment['AWS_LWA_READINESS_CHECK_PORT']}`;
  const readiness = `${internalOrigin}${environment['AWS_LWA_READINESS_CHECK_PATH']}`;
  const isHealthy = statusRanges(environment['AWS_LWA_READINESS_CHECK_HEALTHY_STATUS'] ?? '100-499');
  // The adapter accepts any of these answers.
  const isReady = async () => isHealthy((await statusOf(readiness)) ?? 0);
  await untilUp(running, isReady, { withinMs: READY_WITHIN_MS });

  const isFailure = statusRanges(environment['AWS_LWA_ERROR_STATUS_CODES'] ?? '');
  async function forward(path: string, init: RequestInit): Promise<Response> {
    const response = await fetch(`${origin}${path}`, { redirect: 'manual', ...init });
    if (isFailure(response.status)) throw new InvocationError(`${response.status} ${await response.text()}`);
    return response;
  }

  return {
    invoke: async (event) => {
      const response = await forward(environment['AWS_LWA_PASS_THROUGH_PATH'] ?? '/events', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'x-amzn-lambda-context': '{}' },
        body: JSON.stringify(event),
      });
      return response.json();
    },
    request: (path, init = {}) => forward(path, init),
    readiness,
    origin,
    output: running.output,
    freeze: () => void process.kill(running.pid, 'SIGSTOP'),
    thaw: () => void process.kill(running.pid, 'SIGCONT'),
    stop: async () => {
      await running.end('SIGTERM');
      rmSync(directory, { recursive: true });
    },
  };
}

/** Copies the files of the image to the places of the Dockerfile. */
function layOut(name: string): string {
  const directory = mkdtempSync(join(tmpdir(), `terse-lambda-${name}-`));
  cpSync(`dist/${name}`, directory, { recursive: true });
  cpSync('dist/lambda-secrets/main.mjs', join(directory, 'lambda-secrets.mjs'));
  return directory;
}

/** `500-599,429` → a function that tells whether a status is in these ranges. */
function statusRanges(text: string): (status: number) => boolean {
  const ranges = text
    .split(',')
    .filter(Boolean)
    .map((range) => range.split('-').map(Number));
  return (status) => ranges.some(([from = 0, to = from]) => status >= from && status <= to);
}

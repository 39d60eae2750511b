import { runCommand } from './command.ts';
import type { Engine } from './engine.ts';
import { addedBytes, type ContainerFacts, evaluate, FACTS, HISTORY } from './facts.ts';

/** `compose.local.yml` under its own project name and port. */
export interface Composition {
  readonly url: string;
  /**
   * Builds and starts all services that do not run, and waits until they are healthy.
   * @throws Error with the logs when one does not become healthy.
   */
  up(...args: readonly string[]): Promise<void>;
  /** Stops and removes the containers; the data stays. */
  down(...args: readonly string[]): Promise<void>;
  /** Stops a service. @returns its exit code. */
  stop(service: string): Promise<number>;
  /** Runs a program in the container of a service and returns its output. */
  exec(service: string, ...command: readonly string[]): Promise<string>;
  /** The answer of a function at an internal address, requested inside its container. */
  get(service: string, path: string): Promise<string>;
  facts(service: string): Promise<ContainerFacts>;
  /** Any other command of Compose. */
  compose(...args: readonly string[]): Promise<string>;
  /** Returns the bytes that the image of a service adds to its base image. */
  addedBytes(service: string): Promise<number>;
  /** The last lines that each service wrote. */
  logs(): Promise<string>;
}

const COMPOSE_TIMEOUT_MS = 280_000;

export function createComposition({ environment }: Engine, port: number): Composition {
  // Named by its port, so that two runs on one engine do not take down each other's containers.
  const project = `terse-test-${port}`;
  const docker = (...args: readonly string[]) =>
    runCommand('docker', args, {
      environment: { ...environment, PORT: String(port) },
      timeoutMs: COMPOSE_TIMEOUT_MS,
    });
  const compose = (...args: readonly string[]) =>
    docker('compose', '--ansi', 'never', '-p', project, '-f', 'compose.local.yml', ...args);

  const exec = (service: string, ...command: readonly string[]) => compose('exec', '-T', service, ...command);
  const inService =
    (service: string) =>
    (...command: readonly string[]) =>
      exec(service, ...command);

  const logs = () => compose('--profile', '*', 'logs', '--no-color', '--tail', '20');

  return {
    url: `http://127.0.0.1:${port}`,
    up: async (...args) => {
      try {
        await compose(...args, 'up', '--build', '--wait', '--wait-timeout', '180', '--quiet-pull');
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(`${reason}\n${await logs().catch(String)}`, { cause: error });
      }
    },
    down: async (...args) => {
      await compose('--profile', '*', 'down', ...args);
    },
    stop: async (service) => {
      await compose('stop', service);
      const [id = ''] = (await compose('ps', '-aq', service)).split('\n');
      return Number(await docker('inspect', '-f', '{{.State.ExitCode}}', id));
    },
    exec,
    get: (service, path) =>
      evaluate<string>(
        inService(service),
        `fetch('http://127.0.0.1:' + process.env.INTERNAL_PORT + '${path}').then((response) => response.text())`,
      ),
    facts: (service) => evaluate<ContainerFacts>(inService(service), FACTS),
    compose,
    addedBytes: async (service) => addedBytes(await docker(...HISTORY, `${project}-${service}`)),
    logs,
  };
}

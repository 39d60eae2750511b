import { setTimeout as sleep } from 'node:timers/promises';
import type { Docker } from './docker.ts';
import { type ContainerFacts, evaluate, FACTS } from './facts.ts';

export interface StandaloneContainer {
  readonly id: string;
  /** Its address, which changes with each start. */
  url(): string;
  /** The API key that it showed at its first start. */
  apiKey(): Promise<string>;
  logs(): Promise<string>;
  exec(...command: readonly string[]): Promise<string>;
  /** Writes the output of a command into a file. */
  execInto(file: string, ...command: readonly string[]): Promise<void>;
  facts(): Promise<ContainerFacts>;
  /** Stops it by `docker stop`. Returns the exit code, which is 137 when it was too slow. */
  stop(): Promise<number>;
  kill(): Promise<void>;
  /** @throws Error with its logs when it does not become healthy. */
  start(): Promise<void>;
  wasOutOfMemory(): Promise<boolean>;
  remove(): Promise<void>;
}

const HEALTHY_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 100;

/** Controls a container that exists and has not started yet. */
export function createStandaloneContainer(docker: Docker, id: string): StandaloneContainer {
  let url = '';
  const inspect = async (format: string) => (await docker.run('inspect', '-f', format, id)).trim();
  const exec = (...command: readonly string[]) => docker.run('exec', id, ...command);

  async function untilHealthy(): Promise<void> {
    const deadline = Date.now() + HEALTHY_WITHIN_MS;
    for (;;) {
      const state = await inspect('{{.State.Status}} {{.State.Health.Status}}');
      if (state === 'running healthy') return;
      if (!state.startsWith('running') || Date.now() > deadline) {
        throw new Error(`The container is ${state}:\n${await docker.logs(id)}`);
      }
      await sleep(LOOK_EVERY_MS);
    }
  }

  return {
    id,
    url: () => url,
    apiKey: async () => /terse_[\w-]{43}/.exec(await docker.logs(id))?.[0] ?? '',
    logs: () => docker.logs(id),
    exec,
    execInto: async (file, ...command) => {
      await docker.withFile('>', file, 'exec', id, ...command);
    },
    facts: () => evaluate<ContainerFacts>(exec, FACTS),
    stop: async () => {
      await docker.run('stop', id);
      return Number(await inspect('{{.State.ExitCode}}'));
    },
    kill: async () => {
      await docker.run('kill', id);
    },
    start: async () => {
      await docker.run('start', id);
      await untilHealthy();
      url = `http://${(await docker.run('port', id, '8080')).trim()}`;
    },
    wasOutOfMemory: async () => (await inspect('{{.State.OOMKilled}}')) === 'true',
    remove: async () => {
      await docker.run('rm', '--force', id);
    },
  };
}

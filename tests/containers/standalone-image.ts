import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from './command.ts';
import type { Engine } from './engine.ts';
import { addedBytes, type ContainerFacts, evaluate, FACTS, HISTORY } from './facts.ts';

/** The image of the standalone process, with volumes and containers under names of its own. */
export interface StandaloneImage {
  /**
   * Runs a container as docs/deploy.md does: read-only except for its volume, without privileges, with little memory.
   * @throws Error with its logs when it does not become healthy.
   */
  run(volume: string, ...options: readonly string[]): Promise<StandaloneContainer>;
  /** Runs a command in its place, with a file as standard input. Returns what it printed. */
  runCommand(volume: string, input: string, ...command: readonly string[]): Promise<string>;
  /** Builds it as another release. */
  build(release: string): Promise<void>;
  addedBytes(): Promise<number>;
  /** Removes what there is of it. */
  remove(): Promise<void>;
}

export interface StandaloneContainer {
  readonly id: string;
  /** Where it is reached; another address after each start. */
  url(): string;
  /** The API key that it showed at its first start. */
  apiKey(): Promise<string>;
  logs(): Promise<string>;
  exec(...command: readonly string[]): Promise<string>;
  /** Writes what a command prints into a file. */
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

const BUILD_TIMEOUT_MS = 280_000;
const HEALTHY_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 100;
const CAREFULLY = [
  '--read-only',
  '--cap-drop=ALL',
  '--security-opt=no-new-privileges',
  '--memory=384m',
  '--publish=127.0.0.1::8080',
];

export async function buildStandaloneImage({ environment }: Engine): Promise<StandaloneImage> {
  const name = `terse-test-${randomUUID().slice(0, 8)}`;
  const tags: string[] = [];
  const newest = () => tags.at(-1) ?? name;
  const containers: StandaloneContainer[] = [];
  const volumes = new Set<string>();
  const docker = (...args: readonly string[]) =>
    runCommand('docker', args, { environment, timeoutMs: BUILD_TIMEOUT_MS });
  /** @param redirection of the file `$0`, in words of the shell. */
  const withFile = (redirection: string, file: string, args: readonly string[]) =>
    runCommand('sh', ['-c', `exec docker "$@" ${redirection}"$0"`, file, ...args], { environment });

  function mount(volume: string): string {
    const full = `${name}-${volume}`;
    volumes.add(full);
    return `--volume=${full}:/data`;
  }

  function containerOf(id: string): StandaloneContainer {
    let url = '';
    const inspect = async (format: string) => (await docker('inspect', '-f', format, id)).trim();
    // Both streams.
    const logs = () => runCommand('sh', ['-c', 'exec docker logs "$0" 2>&1', id], { environment });
    const exec = (...command: readonly string[]) => docker('exec', id, ...command);

    async function untilHealthy(): Promise<void> {
      const deadline = Date.now() + HEALTHY_WITHIN_MS;
      for (;;) {
        const state = await inspect('{{.State.Status}} {{.State.Health.Status}}');
        if (state === 'running healthy') break;
        if (!state.startsWith('running') || Date.now() > deadline) {
          throw new Error(`The container is ${state}:\n${await logs()}`);
        }
        await sleep(LOOK_EVERY_MS);
      }
      url = `http://${(await docker('port', id, '8080')).trim()}`;
    }

    return {
      id,
      url: () => url,
      apiKey: async () => /terse_[\w-]{43}/.exec(await logs())?.[0] ?? '',
      logs,
      exec,
      execInto: async (file, ...command) => {
        await withFile('>', file, ['exec', id, ...command]);
      },
      facts: () => evaluate<ContainerFacts>(exec, FACTS),
      stop: async () => {
        await docker('stop', id);
        return Number(await inspect('{{.State.ExitCode}}'));
      },
      kill: async () => {
        await docker('kill', id);
      },
      start: async () => {
        await docker('start', id);
        await untilHealthy();
      },
      wasOutOfMemory: async () => (await inspect('{{.State.OOMKilled}}')) === 'true',
      remove: async () => {
        await docker('rm', '--force', id);
      },
    };
  }

  async function build(release: string): Promise<void> {
    const tag = `${name}:${release}`;
    const label = `--label=release=${release}`;
    await docker('build', '--quiet', '--build-arg=FUNCTION=standalone', label, `--tag=${tag}`, '.');
    tags.push(tag);
  }

  await build('first');
  return {
    run: async (volume, ...options) => {
      const id = (await docker('create', ...CAREFULLY, mount(volume), ...options, newest())).trim();
      const container = containerOf(id);
      containers.push(container);
      await container.start();
      return container;
    },
    runCommand: (volume, input, ...command) =>
      withFile('<', input, [
        'run',
        '--rm',
        '--interactive',
        ...CAREFULLY,
        mount(volume),
        newest(),
        ...command,
      ]),
    build,
    addedBytes: async () => addedBytes(await docker(...HISTORY, newest())),
    remove: async () => {
      await Promise.all(containers.map((container) => container.remove().catch(() => undefined)));
      for (const volume of volumes) await docker('volume', 'rm', '--force', volume);
      await docker('image', 'rm', '--force', ...tags);
    },
  };
}

import { randomUUID } from 'node:crypto';
import { createDocker } from './docker.ts';
import type { Engine } from './engine.ts';
import { addedBytes, HISTORY } from './facts.ts';
import { createStandaloneContainer, type StandaloneContainer } from './standalone-container.ts';

/** The image of the standalone process, with its own names of volumes and containers. */
export interface StandaloneImage {
  /**
   * Runs a container as docs/deploy.md does: read-only except for its volume, without privileges, with little memory.
   * @throws Error with its logs when it does not become healthy.
   */
  run(volume: string, ...options: readonly string[]): Promise<StandaloneContainer>;
  /** Runs a command instead of the process, with a file as standard input. Returns its output. */
  runCommand(volume: string, input: string, ...command: readonly string[]): Promise<string>;
  /** Builds it as another release. */
  build(release: string): Promise<void>;
  addedBytes(): Promise<number>;
  /** Removes its containers, volumes and tags. */
  remove(): Promise<void>;
}

const HARDENED = [
  '--read-only',
  '--cap-drop=ALL',
  '--security-opt=no-new-privileges',
  '--memory=384m',
  '--publish=127.0.0.1::8080',
];

export async function buildStandaloneImage(engine: Engine): Promise<StandaloneImage> {
  const docker = createDocker(engine);
  const name = `terse-test-${randomUUID().slice(0, 8)}`;
  const tags: string[] = [];
  const newest = () => tags.at(-1) ?? name;
  const containers: StandaloneContainer[] = [];
  const volumes = new Set<string>();

  function mount(volume: string): string {
    const full = `${name}-${volume}`;
    volumes.add(full);
    return `--volume=${full}:/data`;
  }

  async function build(release: string): Promise<void> {
    const tag = `${name}:${release}`;
    const label = `--label=release=${release}`;
    await docker.run('build', '--quiet', '--build-arg=FUNCTION=standalone', label, `--tag=${tag}`, '.');
    tags.push(tag);
  }

  await build('first');
  return {
    run: async (volume, ...options) => {
      const id = await docker.run('create', ...HARDENED, mount(volume), ...options, newest());
      const container = createStandaloneContainer(docker, id.trim());
      containers.push(container);
      await container.start();
      return container;
    },
    runCommand: (volume, input, ...command) => {
      const options = ['--rm', '--interactive', ...HARDENED, mount(volume)];
      return docker.withFile('<', input, 'run', ...options, newest(), ...command);
    },
    build,
    addedBytes: async () => addedBytes(await docker.run(...HISTORY, newest())),
    remove: async () => {
      await Promise.all(containers.map((container) => container.remove().catch(() => undefined)));
      for (const volume of volumes) await docker.run('volume', 'rm', '--force', volume);
      await docker.run('image', 'rm', '--force', ...tags);
    },
  };
}

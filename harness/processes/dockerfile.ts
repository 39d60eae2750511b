import { readFileSync } from 'node:fs';

/** The environment and the command of an image, as the Dockerfile has them. */
export interface ImageStart {
  readonly environment: Readonly<Record<string, string>>;
  readonly command: readonly string[];
}

/** Reads a target and its base targets; the last value of a variable counts. */
export function readTarget(target: string): ImageStart {
  const text = readFileSync('Dockerfile', 'utf8').replaceAll(/\\\n\s*/g, ' ');
  const stages = new Map(
    text.split(/^(?=FROM )/m).flatMap((stage) => {
      const [, from, name] = /^FROM (?:--\S+ )?(\S+) AS (\S+)/.exec(stage) ?? [];
      return from && name ? [[name, { from, stage }] as const] : [];
    }),
  );
  const read = (name: string): ImageStart => {
    if (name.includes('$')) {
      throw new Error(`The target ${target} is built from ${name}: name one of its kinds.`);
    }
    const found = stages.get(name);
    if (!found) return { environment: {}, command: [] };
    const before = read(found.from);
    const environment = [...found.stage.matchAll(/^ENV (.+)$/gm)].flatMap(([, line = '']) =>
      [...line.matchAll(/(\w+)=(?:"([^"]*)"|(\S*))/g)].map(
        ([, name = '', quoted, plain = '']) => [name, quoted ?? plain] as const,
      ),
    );
    const command = /^CMD (\[.+\])$/m.exec(found.stage)?.[1];
    return {
      environment: { ...before.environment, ...Object.fromEntries(environment) },
      command: command ? (JSON.parse(command) as string[]) : before.command,
    };
  };
  if (!stages.has(target)) throw new Error(`The Dockerfile has no target ${target}.`);
  return read(target);
}

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Plugin } from 'esbuild';

const CLIENT = /[\\/]@redis[\\/]client[\\/]/;
const ALL_COMMANDS = /[\\/]@redis[\\/]client[\\/]dist[\\/]lib[\\/]commands[\\/]index\.js$/;
const USE = /\bcommands_1\.default\.(\w+)/g;

const OTHER_LAYOUT =
  '@redis/client has another layout than infra/bundle/redis-commands.ts knows: a bundle has all commands, or too few.';

/**
 * Reduces the Redis client to the commands that it sends itself: all 500 would be a third of a bundle. The build fails
 * when the package has another layout.
 */
export const ownCommandsOnly: Plugin = {
  name: 'own-commands-only',
  setup: ({ initialOptions, onLoad, onEnd }) => {
    initialOptions.metafile = true;
    let isReduced = false;
    onLoad({ filter: ALL_COMMANDS }, ({ path }) => {
      const names = commandsUsedIn(join(dirname(path), '../client'));
      isReduced = names.length > 0;
      const commands = names.map((name) => `${name}: require('./${name}').default`);
      return { contents: `exports.__esModule = true; exports.default = { ${commands.join(', ')} };` };
    });
    onEnd(({ metafile }) => {
      const hasClient = Object.keys(metafile?.inputs ?? {}).some((path) => CLIENT.test(path));
      return hasClient && !isReduced ? { errors: [{ text: OTHER_LAYOUT }] } : undefined;
    });
  },
};

function commandsUsedIn(directory: string): string[] {
  const files = readdirSync(directory).filter((name) => name.endsWith('.js'));
  const names = files.flatMap((file) => {
    const uses = readFileSync(join(directory, file), 'utf8').matchAll(USE);
    return Array.from(uses, ([, name = '']) => name);
  });
  return [...new Set(names)];
}

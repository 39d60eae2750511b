import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ownCommandsOnly } from './redis-commands.ts';

/** Bundles the client as `packages/cache` imports it, resolved from a folder. */
async function bundle(resolveDir: string) {
  const { metafile } = await build({
    stdin: { contents: "export { RedisClient } from '@redis/client';", resolveDir },
    bundle: true,
    platform: 'node',
    write: false,
    metafile: true,
    logLevel: 'silent',
    plugins: [ownCommandsOnly],
  });
  return Object.keys(metafile.inputs);
}

test('a bundle has only the commands that the Redis client itself sends', async () => {
  const inputs = await bundle(join(import.meta.dirname, '../../packages/cache'));
  const commands = inputs
    .filter((path) => dirname(path).endsWith('@redis/client/dist/lib/commands'))
    .map((path) => basename(path, '.js'));
  expect(commands).toEqual(expect.arrayContaining(['AUTH', 'CLIENT_SETNAME']));
  expect(commands.length).toBeLessThan(20);
});

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'terse-redis-layout-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Installs a client that consists of these files. */
function install(files: Readonly<Record<string, string>>): void {
  for (const [name, contents] of Object.entries(files)) {
    const path = join(directory, 'node_modules/@redis/client', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, contents);
  }
}

const CLIENT = "const commands_1 = require('../commands'); exports.RedisClient = commands_1.default.AUTH;";
const KNOWN_LAYOUT = {
  'package.json': '{ "main": "dist/lib/client/index.js" }',
  'dist/lib/client/index.js': CLIENT,
  'dist/lib/commands/index.js': "exports.default = { AUTH: require('./AUTH').default };",
  'dist/lib/commands/AUTH.js': 'exports.default = 1;',
};

test.each<[string, Readonly<Record<string, string>>]>([
  [
    'has its commands in another place',
    {
      'package.json': '{ "main": "client.js" }',
      'client.js': "exports.RedisClient = require('./commands').AUTH;",
      'commands.js': 'exports.AUTH = 1;',
    },
  ],
  [
    'names its commands in another way',
    {
      ...KNOWN_LAYOUT,
      'dist/lib/client/index.js': "exports.RedisClient = require('../commands').default.AUTH;",
    },
  ],
])('the build fails when the client %s', async (_name, files) => {
  install(KNOWN_LAYOUT);
  await expect(bundle(directory)).resolves.toHaveLength(4);
  rmSync(join(directory, 'node_modules'), { recursive: true });
  install(files);
  await expect(bundle(directory)).rejects.toThrow('@redis/client has another layout');
});

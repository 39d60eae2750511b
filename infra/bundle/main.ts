import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandLine, parseCommandLine, UsageError } from '@terse/command-line/command-line';
import { type FunctionManifest, originSetting } from '@terse/platform/function-manifest';
import { build, type BuildOptions, type Plugin } from 'esbuild';
import { MANIFESTS } from '../../functions/manifests.ts';
import { compile } from './compile.ts';
import { copyPrograms } from './programs.ts';
import { ownCommandsOnly } from './redis-commands.ts';

const ROOT = join(import.meta.dirname, '../..');
/** The function whose bundle carries PostgreSQL. The others refuse an embedded database. */
const WITH_DATABASE = MANIFESTS.standalone.name;
/** Commands for its database. Each becomes a file beside the bundle. */
const DATABASE_COMMANDS = Object.values(MANIFESTS)
  .filter((manifest) => 'embedded' in manifest && !('ports' in manifest))
  .map(({ name }) => name);
/** Runs to its end before a function begins. */
const PRELOADED = 'lambda-secrets';

const USAGE = `Bundles each function into a folder that needs nothing but Node: dist/<name>, run by its main.js.

  npm run bundle                      all functions
  npm run bundle -- redirect links    these functions
`;

/** Validation messages are in English. The fifty other languages of zod would be a seventh of a bundle. */
const englishOnly: Plugin = {
  name: 'english-only',
  setup: ({ onLoad }) => {
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
    }));
  },
};

const OPTIONS: BuildOptions = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  target: 'node24',
  // Halves the text to read at every start. Names stay, so that a stack in a log can be looked up.
  minifyWhitespace: true,
  minifySyntax: true,
  plugins: [englishOnly, ownCommandsOnly],
  // A bundle is in no project: relative paths begin at the working folder.
  define: { 'import.meta.dirname': 'undefined' },
  logLevel: 'warning',
};

function functions(): string[] {
  return readdirSync(join(ROOT, 'functions')).filter((name) => existsSync(entryPoint(name)));
}

function entryPoint(name: string): string {
  return join(ROOT, 'functions', name, 'main.ts');
}

async function bundle(name: string): Promise<void> {
  const directory = join(ROOT, 'dist', name);
  rmSync(directory, { recursive: true, force: true });
  if (name === PRELOADED) {
    await build({
      ...OPTIONS,
      entryPoints: [entryPoint(name)],
      outfile: join(directory, 'main.mjs'),
      format: 'esm',
    });
    return;
  }
  const outfile = join(directory, 'bundle.js');
  await build({
    ...OPTIONS,
    entryPoints: [entryPoint(name)],
    outfile,
    format: 'cjs',
    sourcemap: 'linked',
    ...(name !== WITH_DATABASE && { external: ['@terse/embedded-postgres/*'] }),
    // The search for PostgreSQL begins here.
    define: { ...OPTIONS.define, 'import.meta.url': '__filename' },
    // Wraps the bundle in a function that main.js calls.
    banner: { js: '((require, __filename) => {' },
    footer: { js: '})' },
  });
  await build({
    ...OPTIONS,
    entryPoints: [join(import.meta.dirname, 'launch.ts')],
    outfile: join(directory, 'main.js'),
    format: 'cjs',
    define: { 'import.meta.dirname': '__dirname' },
  });
  writeFileSync(
    join(directory, 'package.json'),
    `${JSON.stringify({ type: 'commonjs', origins: originsOf(name) })}\n`,
  );
  if (name === WITH_DATABASE) {
    await copyPrograms(directory);
    await Promise.all(DATABASE_COMMANDS.map((command) => bundleCommand(command, directory)));
  }
  await compile(outfile);
}

/** The settings with addresses that a rehearsal gives, also where there is only the bundle. */
function originsOf(name: string): readonly string[] {
  const manifests: Readonly<Record<string, FunctionManifest>> = MANIFESTS;
  return manifests[name]?.forwardsTo?.map(originSetting) ?? [];
}

async function bundleCommand(name: string, directory: string): Promise<void> {
  await build({
    ...OPTIONS,
    entryPoints: [entryPoint(name)],
    outfile: join(directory, `${name}.js`),
    format: 'cjs',
    define: { ...OPTIONS.define, 'import.meta.url': '__filename' },
  });
}

const wanted = commandLine(USAGE, (args) => {
  const known = functions();
  const { words } = parseCommandLine(args, {});
  const unknown = words.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new UsageError(`There is no function ${unknown.join(', ')} to bundle.`);
  return words.length > 0 ? words : known;
});
await Promise.all(wanted.map(bundle));

import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';

const ROOT = join(import.meta.dirname, '..');
/** Runs on the embedded database, which no bundle carries. */
const NOT_BUNDLED = 'standalone';

const USAGE = `Makes each function one file that needs nothing but Node: dist/<name>/main.js.

  npm run bundle                      all functions
  npm run bundle -- redirect links    some of them
`;

/** Messages of validation are sent in English. zod carries fifty other languages, a seventh of a bundle. */
const englishOnly: Plugin = {
  name: 'english-only',
  setup: ({ onLoad }) => {
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
    }));
  },
};

function functions(): string[] {
  return readdirSync(join(ROOT, 'functions')).filter(
    (name) => name !== NOT_BUNDLED && existsSync(entryPoint(name)),
  );
}

function entryPoint(name: string): string {
  return join(ROOT, 'functions', name, 'main.ts');
}

async function bundle(name: string): Promise<void> {
  const directory = join(ROOT, 'dist', name);
  rmSync(directory, { recursive: true, force: true });
  await build({
    entryPoints: [entryPoint(name)],
    outfile: join(directory, 'main.js'),
    absWorkingDir: ROOT,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    // Half the text to read at every start. Names stay as they are, so that what a log says of an error can be looked up.
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: 'linked',
    plugins: [englishOnly],
    // Imported by settings that functions which run apart refuse.
    external: ['@terse/repository/pglite'],
    // For packages that are CommonJS, and ask for Node's own modules with it.
    banner: {
      js: "import { createRequire as createRequireOfBundle } from 'node:module';\nconst require = createRequireOfBundle(import.meta.url);",
    },
    logLevel: 'warning',
  });
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }\n');
}

const known = functions();
const wanted = process.argv.length > 2 ? process.argv.slice(2) : known;
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`There is no function ${unknown.join(', ')} to bundle.\n\n${USAGE}`);
  process.exitCode = 1;
} else {
  await Promise.all(wanted.map(bundle));
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '../..');
const PLATFORM = join(ROOT, 'infra/.platform/.sst/platform');
const PROVIDERS = {
  aws: '@pulumi/aws',
  cloudamqp: '@pulumi/cloudamqp',
  command: '@pulumi/command',
  random: '@pulumi/random',
  upstash: '@upstash/pulumi',
};

/**
 * Bundles sst.config.ts with the platform of SST as `sst deploy` does, but into a program that evaluates it without
 * a cloud.
 */
await build({
  entryPoints: [join(ROOT, 'infra/plan/evaluate.ts')],
  outfile: join(ROOT, 'infra/.platform/evaluate.mjs'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  keepNames: true,
  logLevel: 'error',
  external: [
    '@pulumi/*',
    '@pulumiverse/*',
    '@upstash/*',
    '@aws-sdk/*',
    '@smithy/*',
    'esbuild',
    'archiver',
    'glob',
    'vite',
    'undici',
  ],
  inject: [join(PLATFORM, 'src/shim/run.js')],
  banner: {
    js: "import { createRequire as createRequireOfBundle } from 'node:module';\nconst require = createRequireOfBundle(import.meta.url);",
  },
  plugins: [
    {
      name: 'globals of SST',
      setup: ({ onLoad }) => {
        const imports = [
          ...Object.entries(PROVIDERS).map(([name, from]) => `import * as ${name} from '${from}';`),
          `import * as sst from '${join(PLATFORM, 'src/components')}';`,
        ].join('');
        onLoad(
          { filter: /(?:\/sst\.config|\/infra\/(?:(?:alarms|functions)\/)?[a-z-]+)\.ts$/ },
          ({ path }) => ({
            contents: imports + readFileSync(path, 'utf8'),
            loader: 'ts',
          }),
        );
      },
    },
  ],
});

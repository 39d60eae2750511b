import { join } from 'node:path';
import { type CustomResourceOptions, runtime } from '@pulumi/pulumi';
import { run } from '../.platform/.sst/platform/src/auto/run.ts';
import config from '../../sst.config.ts';
import { answer, stateOf } from './cloud.ts';
import type { Plan, PlannedResource } from './plan.ts';

// Evaluates sst.config.ts for the stage in the first argument and prints the Plan as JSON. It is a separate process,
// because an error while Pulumi resolves a value is an unhandled rejection, which must end the process.

/** Pulumi's mark of a value that only its encrypted state may hold. */
const SIGNATURE = '4dabf18193072939515e22adb298388d';
const SECRET = '1b47061264138c4ac30d75fd1eb44270';

const [stage = ''] = process.argv.slice(2);
const root = process.cwd();
const platform = join(root, 'infra/.platform/.sst/platform');

Object.assign(globalThis, {
  $dev: false,
  $app: { stage, ...(await config.app({ stage })) },
  $cli: {
    command: 'diff',
    state: { version: {} },
    paths: { home: join(root, 'infra/.platform'), root, work: join(root, 'infra/.platform/.sst'), platform },
  },
});

const resources: PlannedResource[] = [];
const options = new Map<string, Pick<PlannedResource, 'dependsOn' | 'retainOnDelete' | 'ignoreChanges'>>();

await runtime.setMocks(
  {
    call: ({ token, inputs }) => answer(token, inputs),
    newResource: ({ type, name, inputs, provider = '' }) => {
      const secretInputs = Object.keys(inputs).filter((key) => isSecret(inputs[key]));
      const {
        dependsOn = [],
        retainOnDelete = false,
        ignoreChanges = [],
      } = options.get(`${type} ${name}`) ?? {};
      resources.push({
        type,
        name,
        inputs: unwrap(inputs) as PlannedResource['inputs'],
        secretInputs,
        provider,
        dependsOn,
        retainOnDelete,
        ignoreChanges,
      });
      const state = stateOf(type, name, inputs);
      // The id of a secret is its ARN.
      return { id: type === 'aws:secretsmanager/secret:Secret' ? String(state['arn']) : `${name}-id`, state };
    },
  },
  $app.name,
  stage,
  false,
);

await runtime.runInPulumiStack(() =>
  run(async () => {
    // After those of SST, so that their changes are seen.
    runtime.registerStackTransformation(({ type, name, opts }) => {
      const { dependsOn, retainOnDelete = false, ignoreChanges = [] } = opts as CustomResourceOptions;
      const waitsFor = [dependsOn ?? []].flat() as unknown as readonly { readonly __name: string }[];
      options.set(`${type} ${name}`, {
        dependsOn: waitsFor.map(({ __name }) => __name),
        retainOnDelete,
        ignoreChanges,
      });
      return undefined;
    });
    await config.run();
  }),
);
await runtime.disconnect();
const { removal, protect } = $app;
process.stdout.write(JSON.stringify({ app: { stage, removal, protect }, resources } satisfies Plan));

function isSecret(value: unknown): value is { readonly value: unknown } {
  return (
    typeof value === 'object' && value !== null && (value as Record<string, unknown>)[SIGNATURE] === SECRET
  );
}

function unwrap(value: unknown): unknown {
  if (isSecret(value)) return unwrap(value.value);
  if (Array.isArray(value)) return value.map(unwrap);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrap(inner)]));
}

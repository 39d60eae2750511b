import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createDocker } from './docker.ts';
import { onEngine } from './on-engine.ts';

let docker: ReturnType<typeof createDocker>['run'];
onEngine({
  setUp: (engine) => {
    docker = createDocker(engine).run;
    return Promise.resolve();
  },
});

test('the image for Lambda is that of the function, with the adapter and its settings', async () => {
  const adapter = await mkdtemp(join(tmpdir(), 'terse-adapter-'));
  onTestFinished(() => rm(adapter, { recursive: true }));
  await writeFile(join(adapter, 'lambda-adapter'), '');
  const image = await docker(
    'build',
    '--quiet',
    '--build-arg=FUNCTION=redirect',
    '--target=lambda',
    // In place of the adapter itself, which would have to be fetched.
    `--build-context=public.ecr.aws/awsguru/aws-lambda-adapter:1.1.0=${adapter}`,
    '.',
  );
  onTestFinished(async () => void (await docker('image', 'rm', image.trim())));
  const files = await docker('run', '--rm', image.trim(), 'ls', '/app', '/opt/extensions');
  expect(files).toBe(
    '/app:\nbundle.js\nbundle.js.compiled\nlambda-secrets.mjs\nmain.js\npackage.json\n\n/opt/extensions:\nlambda-adapter\n',
  );
  const settings = await docker('inspect', '-f', '{{json .Config.Env}}', image.trim());
  expect(JSON.parse(settings)).toEqual(
    expect.arrayContaining([
      'JOURNAL_DIR=none',
      'VISIT_DURABILITY=confirmed',
      'VISIT_CONFIRM_MS=100',
      'TRIGGER=external',
      'AWS_LWA_PORT=8080',
      'AWS_LWA_READINESS_CHECK_PORT=9464',
      'AWS_LWA_READINESS_CHECK_PATH=/.ready',
      'AWS_LWA_READINESS_CHECK_HEALTHY_STATUS=100-503',
      'AWS_LWA_PASS_THROUGH_PATH=/.events',
      'AWS_LWA_ERROR_STATUS_CODES=500-599',
    ]),
  );
});

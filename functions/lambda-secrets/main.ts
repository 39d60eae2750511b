import { runOnce } from '@terse/runtime/process';
import { takeSecretSettings } from '@terse/runtime/secret-settings';
import { standardError } from '@terse/runtime/standard-streams';

// Node loads this before a function's own main.js: AWS Lambda, unlike ECS, does not put secrets into the environment.
await runOnce(async () => {
  standardError.write(`settings from secrets: ${(await takeSecretSettings()).join(', ')}\n`);
  return '';
});

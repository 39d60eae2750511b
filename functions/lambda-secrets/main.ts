import { runOnce } from '@terse/runtime/process/process';
import { takeSecretSettings } from '@terse/runtime/settings/secret-settings';
import { standardError } from '@terse/runtime/process/standard-streams';

// Node loads this before a function's own main.js: AWS Lambda, unlike ECS, does not put secrets into the environment.
await runOnce(async () => {
  standardError.write(`settings from secrets: ${(await takeSecretSettings()).join(', ')}\n`);
  return '';
});

import { runOnce } from '@terse/runtime/process';
import { takeSecretSettings } from '@terse/runtime/secret-settings';

// Node loads this before a function's own main.js: AWS Lambda, unlike ECS, does not put secrets into the environment.
await runOnce(async () => `settings from secrets: ${(await takeSecretSettings()).join(', ')}`);

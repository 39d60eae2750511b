import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

// Runs a bundle as its main.js does, and at its end writes the code that V8 has compiled.
const [bundle = '', atOnce] = process.argv.splice(2);
const script = new Script(readFileSync(bundle, 'latin1'), { filename: bundle });
// Before the bundle runs: a command without words ends the process at once.
process.once('exit', () => {
  // V8 accepts only code that was compiled under its own flags. A function sets this one after its bundle is loaded.
  setFlagsFromString('--memory-reducer-favors-memory');
  const compiled = `${bundle}.compiled`;
  writeFileSync(compiled, script.createCachedData());
  // A function creates files for its owner only, but another user runs the image.
  chmodSync(compiled, 0o644);
});
const run = script.runInThisContext() as (require: NodeJS.Require, filename: string) => void;
run(createRequire(bundle), bundle);
// A stop may wait for absent backing services.
if (atOnce) process.once('SIGTERM', () => process.exit());

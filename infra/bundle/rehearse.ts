import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

// Runs a bundle as its main.js does, and when it ends writes down what V8 has compiled of it.
const [bundle = '', atOnce] = process.argv.splice(2);
const script = new Script(readFileSync(bundle, 'latin1'), { filename: bundle });
// Before the bundle runs: a command without words ends the process at once.
process.once('exit', () => {
  // V8 takes only what was compiled under the flags that it has. A function sets this one after its bundle was loaded.
  setFlagsFromString('--memory-reducer-favors-memory');
  const compiled = `${bundle}.compiled`;
  writeFileSync(compiled, script.createCachedData());
  // The function keeps its files to its owner; an image is run by another user than the one who made it.
  chmodSync(compiled, 0o644);
});
const run = script.runInThisContext() as (require: NodeJS.Require, filename: string) => void;
run(createRequire(bundle), bundle);
// A stop may wait for backing services that are not there.
if (atOnce) process.once('SIGTERM', () => process.exit());

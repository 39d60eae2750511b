import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Script } from 'node:vm';

// Runs a bundle, its argument, as its main.js does, and when it ends writes down what V8 has compiled of it.
const [bundle = ''] = process.argv.splice(2);
const script = new Script(readFileSync(bundle, 'latin1'), { filename: bundle });
const run = script.runInThisContext() as (require: NodeJS.Require) => void;
run(createRequire(bundle));
process.once('exit', () => writeFileSync(`${bundle}.compiled`, script.createCachedData()));

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';

// The main.js of an image: it runs the bundle beside it. Node's own compile cache would spare this file, but looks only
// for what the same user made on the same kind of processor, and an image is built by one and run by others.
const bundle = join(import.meta.dirname, 'bundle.js');
// A bundle is ASCII. V8 refuses what another V8 has compiled, and compiles as it goes: slower, and nothing else.
const script = new Script(readFileSync(bundle, 'latin1'), { filename: bundle, cachedData: readCompiled() });
const run = script.runInThisContext() as (require: NodeJS.Require, filename: string) => void;
run(require, bundle);

function readCompiled(): Buffer | undefined {
  try {
    return readFileSync(`${bundle}.compiled`);
  } catch {
    return undefined;
  }
}

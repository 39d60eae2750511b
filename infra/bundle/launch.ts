import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';

// The main.js of an image: it runs the bundle beside it. Node's own compile cache cannot replace it, because it only
// accepts files of the same user on the same kind of processor, and others than the builder run an image.
const bundle = join(import.meta.dirname, 'bundle.js');
// A bundle is ASCII. V8 refuses code of another V8 and compiles while it runs, which is only slower.
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

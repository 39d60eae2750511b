import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const MODULE = new URL('./compiled-code.ts', import.meta.url).href;

/**
 * Runs a statement between two scripts of the same length, and offers the second script the code that V8 compiled of
 * the first. V8 takes such code only under the flags that it was compiled with.
 */
async function flagsAfter(statement: string): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '-e',
    `import { Script } from 'node:vm';
     import { setFlagsFromString } from 'node:v8';
     import { keepCompiledCode } from ${JSON.stringify(MODULE)};
     const cachedData = new Script('globalThis.before').createCachedData();
     ${statement};
     const { cachedDataRejected } = new Script('globalThis.after_', { cachedData });
     console.log(cachedDataRejected ? 'changed' : 'unchanged');`,
  ]);
  return stderr + stdout.trim();
}

test('compiled code is kept by a flag that this V8 knows', async () => {
  expect(await flagsAfter('keepCompiledCode()')).toBe('changed');
});

test('a flag that V8 does not know would be noticed', async () => {
  expect(await flagsAfter('')).toBe('unchanged');
  expect(await flagsAfter("setFlagsFromString('--no-such-flag')")).toMatch(/unrecognized flag.*unchanged$/s);
});

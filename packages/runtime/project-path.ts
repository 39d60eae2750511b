import { join, resolve } from 'node:path';

/**
 * The path of a setting: in a checkout from the project's folder, which every function shares, wherever it was started;
 * in a bundle, which has no place of its own, from the working folder.
 */
export function projectPath(path: string): string {
  // A bundle is made with `undefined` here.
  const here: string | undefined = import.meta.dirname;
  return here === undefined ? resolve(path) : resolve(join(here, '../..'), path);
}

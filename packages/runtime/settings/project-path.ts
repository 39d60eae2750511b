import { join, resolve } from 'node:path';

/**
 * Resolves the path of a setting: in a checkout from the project's folder, wherever a function was started; in a bundle
 * from the working folder.
 */
export function projectPath(path: string): string {
  // The bundler replaces this by `undefined`.
  const here: string | undefined = import.meta.dirname;
  return here === undefined ? resolve(path) : resolve(join(here, '../../..'), path);
}

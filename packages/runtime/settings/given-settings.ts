import { readFileSync } from 'node:fs';
import { projectPath } from './project-path.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The default of `DATA_DIR`. */
const DATA_DIRECTORY = '.data';
const NO_JOURNAL = 'none';

/**
 * Takes the settings of these names from the environment, or each from the file that `<NAME>_FILE` names. An empty
 * variable counts as not set. Makes the folders absolute, and adds what is wrong to `faults`.
 */
export function givenSettings(
  names: readonly string[],
  environment: Environment,
  faults: string[],
): Environment & { readonly DATA_DIR: string } {
  const given: Record<string, string> = {};
  for (const name of names) {
    const value = environment[name];
    const fileSetting = `${name}_FILE`;
    const path = environment[fileSetting];
    if (value) given[name] = value;
    if (!path) continue;
    if (value) {
      faults.push(`${name} and ${fileSetting} are both set: one must go`);
      continue;
    }
    const text = readText(path);
    if (text) given[name] = text;
    else faults.push(`${fileSetting} names a file that ${text === '' ? 'is empty' : 'cannot be read'}`);
  }
  const journal = given['JOURNAL_DIR'];
  return {
    ...given,
    DATA_DIR: projectPath(given['DATA_DIR'] ?? DATA_DIRECTORY),
    ...(journal && { JOURNAL_DIR: journal === NO_JOURNAL ? journal : projectPath(journal) }),
  };
}

/** The text of a file without the end of its line; `undefined` when it cannot be read. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(projectPath(path), 'utf8').replace(/[\r\n]+$/, '');
  } catch {
    return undefined;
  }
}

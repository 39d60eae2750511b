import { readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
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
      faults.push(`${name} and ${fileSetting} are both set: remove one`);
      continue;
    }
    const text = readText(path);
    if (text) given[name] = text;
    else faults.push(`${fileSetting} names a file that ${text === '' ? 'is empty' : 'cannot be read'}`);
  }
  const dataDirectory = projectPath(given['DATA_DIR'] ?? DATA_DIRECTORY);
  const journal = given['JOURNAL_DIR'];
  if (journal === undefined || journal === NO_JOURNAL) return { ...given, DATA_DIR: dataDirectory };
  const journalDirectory = projectPath(journal);
  if (isAmongDatabase(journalDirectory, dataDirectory)) {
    faults.push(
      'JOURNAL_DIR must neither be DATA_DIR nor lie in its folder postgres: both belong to the database',
    );
  }
  return { ...given, DATA_DIR: dataDirectory, JOURNAL_DIR: journalDirectory };
}

/** The database would refuse a folder that has held a journal, also after the setting is corrected. */
function isAmongDatabase(journal: string, data: string): boolean {
  return journal === data || `${journal}${sep}`.startsWith(join(data, 'postgres', sep));
}

/** The text of a file without the line ends at its end; `undefined` when it cannot be read. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(projectPath(path), 'utf8').replace(/[\r\n]+$/, '');
  } catch {
    return undefined;
  }
}

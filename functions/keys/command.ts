import { parseCommandLine, UsageError } from '@terse/command-line/command-line';
import type { ApiKeyList, ListedApiKey } from '@terse/core/access/api-key-list';
import { visibleText } from '@terse/http/plain-text';

export const USAGE = `Manages the API keys in the database. A key in ADMIN_API_KEY is valid, too, and is not shown.

  npm run keys -- list                 shows id, name and age of each, never the key
  npm run keys -- make NAME            makes a key, and shows it once
  npm run keys -- revoke NAME-OR-ID    revokes a key; it stops working within five seconds
`;

const NAME = visibleText(100);

/** Works on the keys and returns the text to print. */
export type KeysCommand = (keys: ApiKeyList) => Promise<string>;

/**
 * Returns the command that a command line asks for.
 * @throws UsageError when there is no such command, or its name is missing or wrong.
 */
export function readKeysCommand(args: readonly string[]): KeysCommand {
  const [command, given, ...rest] = parseCommandLine(args, {}).words;
  if (command === undefined) throw new UsageError('Say what to do.');
  if (command !== 'list' && command !== 'make' && command !== 'revoke') {
    throw new UsageError(`There is no command ${command}.`);
  }
  if (command === 'list') {
    if (given !== undefined) throw new UsageError('list takes no name.');
    return async (keys) => table(await keys.list());
  }
  if (given === undefined || rest.length > 0) {
    throw new UsageError(`${command} takes one name, in quotes where it has spaces.`);
  }
  // Names that look the same are the same.
  const name = given.trim().normalize('NFC');
  const { error } = NAME.safeParse(name);
  if (error) throw new UsageError(`The name ${error.issues[0]?.message}.`);
  if (command === 'revoke') return async (keys) => `revoked ${line(await keys.revoke(name))}`;
  return async (keys) => `${await keys.make(name)}  (${name}; shown this once: keep it)`;
}

function table(keys: readonly ListedApiKey[]): string {
  return keys.length === 0 ? 'There are no keys.' : keys.map(line).join('\n');
}

function line({ id, name, createdAt, revokedAt }: ListedApiKey): string {
  const revoked = revokedAt ? `, revoked ${revokedAt.toISOString()}` : '';
  return `${id}  ${name}  made ${createdAt.toISOString()}${revoked}`;
}

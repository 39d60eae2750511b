import { commandLine, parseCommandLine, refuseWords } from '@terse/command-line/command-line';
import { runOnce } from '@terse/runtime/process/process';
import { createContext } from '@terse/runtime/context';
import { migrateDatabase } from '@terse/runtime/functions/migrate';
import { manifest } from './manifest.ts';

const USAGE = `Brings the schema of DATABASE_URL up to date, and the logins that the settings name.

  npm run migrate
`;

commandLine(USAGE, (args) => refuseWords(parseCommandLine(args, {}).words));
void runOnce(async () => {
  const applied = await migrateDatabase(createContext(manifest));
  return applied.length > 0 ? `applied ${applied.join(', ')}` : 'nothing to apply';
});

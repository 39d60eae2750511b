import { commandLine } from '@terse/command-line/command-line';
import { withApiKeys } from '@terse/runtime/api-keys';
import { createContext } from '@terse/runtime/context';
import { runOnce } from '@terse/runtime/process/process';
import { readKeysCommand, USAGE } from './command.ts';
import { manifest } from './manifest.ts';

const command = commandLine(USAGE, readKeysCommand);
void runOnce(() => withApiKeys(createContext(manifest), command));

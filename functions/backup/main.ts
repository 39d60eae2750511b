import { commandLine } from '@terse/command-line/command-line';
import { backUp } from '@terse/runtime/backups';
import { createContext } from '@terse/runtime/context';
import { interruption, runOnce } from '@terse/runtime/process/process';
import { readBackupCommand, USAGE } from './command.ts';
import { manifest } from './manifest.ts';

const command = commandLine(USAGE, readBackupCommand);
void runOnce(() => backUp(createContext(manifest), { ...command, signal: interruption() }));

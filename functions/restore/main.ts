import { commandLine } from '@terse/command-line/command-line';
import { restoreBackup } from '@terse/runtime/backups';
import { createContext } from '@terse/runtime/context';
import { interruption, runOnce } from '@terse/runtime/process/process';
import { readRestoreCommand, USAGE } from './command.ts';
import { manifest } from './manifest.ts';

const command = commandLine(USAGE, readRestoreCommand);
void runOnce(() => restoreBackup(createContext(manifest), { ...command, signal: interruption() }));

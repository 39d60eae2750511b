import { commandLine } from '@terse/command-line/command-line';
import { createContext } from '@terse/runtime/context';
import { openDeadLetters } from '@terse/runtime/functions/dead-letters';
import { runOnce } from '@terse/runtime/process/process';
import { readDeadLettersCommand, USAGE } from './command.ts';
import { manifest } from './manifest.ts';

const command = commandLine(USAGE, readDeadLettersCommand);
void runOnce(async () => {
  const box = await openDeadLetters(createContext(manifest));
  try {
    return await command(box);
  } finally {
    await box.close();
  }
});

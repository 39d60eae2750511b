import { parseCommandLine, UsageError, wholeNumber } from '@terse/command-line/command-line';
import type { DeadLetterBox } from '@terse/queue/rabbitmq-dead-letters';

export const USAGE = `Messages that the visit-writer could not store are in the queue visits.dead, each with its reason.

  npm run dead-letters -- list [--limit 20]   shows the oldest; they stay in the queue
  npm run dead-letters -- replay              sends all to the visit-writer again
  npm run dead-letters -- purge               removes all
`;

const USUAL_LIMIT = '20';
const MAX_LIMIT = 10_000;

/** Works on the dead letters and returns the text to print. */
export type DeadLettersCommand = (box: Pick<DeadLetterBox, 'list' | 'replay' | 'purge'>) => Promise<string>;

/**
 * Returns the command that a command line asks for.
 * @throws UsageError when there is no such command, or its words or options are wrong.
 */
export function readDeadLettersCommand(args: readonly string[]): DeadLettersCommand {
  const { words, options } = parseCommandLine(args, { limit: 'value' });
  const [command, another] = words;
  if (command === undefined) throw new UsageError('Say what to do.');
  if (another !== undefined) throw new UsageError(`${command} takes no further word, such as ${another}.`);
  if (command !== 'list' && options.limit !== undefined) throw new UsageError('--limit is for list.');
  switch (command) {
    case 'list': {
      const limit = wholeNumber('--limit', options.limit ?? USUAL_LIMIT, 1, MAX_LIMIT);
      return async (box) => {
        const letters = await box.list(limit);
        return letters.map((letter) => JSON.stringify(letter)).join('\n') || 'none';
      };
    }
    case 'replay':
      return async (box) => `${await box.replay()} sent again`;
    case 'purge':
      return async (box) => `${await box.purge()} removed`;
    default:
      throw new UsageError(`There is no command ${command}.`);
  }
}

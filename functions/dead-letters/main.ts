import { parseArgs } from 'node:util';
import { createContext, openDeadLetters } from '@terse/runtime/dependencies';
import { runOnce } from '@terse/runtime/process';

const USAGE = `What the visit-writer could not store lies in the queue visits.dead, with the reason.

  npm run dead-letters -- list [--limit 20]   shows the oldest, which stay
  npm run dead-letters -- replay              sends all to the visit-writer again
  npm run dead-letters -- purge               removes all`;

void runOnce(async () => {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { limit: { type: 'string', default: '20' } },
  });
  const [command] = positionals;
  if (command !== 'list' && command !== 'replay' && command !== 'purge') return USAGE;

  const box = await openDeadLetters(createContext('dead-letters'));
  try {
    if (command === 'replay') return `${await box.replay()} sent again`;
    if (command === 'purge') return `${await box.purge()} removed`;
    const letters = await box.list(Number(values.limit));
    return letters.map((letter) => JSON.stringify(letter)).join('\n') || 'none';
  } finally {
    await box.close();
  }
});

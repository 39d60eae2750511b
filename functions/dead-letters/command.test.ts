import { UsageError } from '@terse/command-line/command-line';
import { expect, test, vi } from 'vitest';
import { readDeadLettersCommand } from './command.ts';

const box = () => ({
  list: vi.fn((limit: number) => Promise.resolve([{ body: 'b', reason: `of ${limit}` }])),
  replay: vi.fn(() => Promise.resolve(2)),
  purge: vi.fn(() => Promise.resolve(3)),
});

test.each([
  [['list'], '{"body":"b","reason":"of 20"}'],
  [['list', '--limit', '5'], '{"body":"b","reason":"of 5"}'],
  [['--limit=10000', 'list'], '{"body":"b","reason":"of 10000"}'],
  [['replay'], '2 sent again'],
  [['purge'], '3 removed'],
])('%j prints %s', async (args, printed) => {
  expect(await readDeadLettersCommand(args)(box())).toBe(printed);
});

test.each([
  [[], 'Say what to do.'],
  [['show'], 'There is no command show.'],
  [['List'], 'There is no command List.'],
  [['list', 'all'], 'list takes no further word, such as all.'],
  [['purge', 'now'], 'purge takes no further word, such as now.'],
  [['purge', '--force'], 'There is no option --force.'],
  [['purge', '--limit', '5'], '--limit is for list.'],
  [['list', '--limit'], '--limit needs a value.'],
])('%j is refused: %s', (args, reason) => {
  expect(() => readDeadLettersCommand(args)).toThrow(new UsageError(reason));
});

test.each(['abc', '0', '-1', '', '1.5', '01', '10001', '1e3'])('--limit %j is refused', (limit) => {
  const reason = new UsageError('--limit must be a whole number from 1 to 10000.');
  expect(() => readDeadLettersCommand(['list', '--limit', limit])).toThrow(reason);
  expect(() => readDeadLettersCommand(['list', `--limit=${limit}`])).toThrow(reason);
});

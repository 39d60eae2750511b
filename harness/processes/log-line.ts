import type { RunningProcess } from './running-process.ts';

/** Returns the last line of a process's log that contains these words. */
export function lastLogLine(
  running: Pick<RunningProcess, 'output'>,
  words: string,
): Readonly<Record<string, unknown>> | undefined {
  const line = running
    .output()
    .split('\n')
    .findLast((each) => each.includes(words));
  return line === undefined ? undefined : (JSON.parse(line) as Record<string, unknown>);
}

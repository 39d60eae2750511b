import { lstatSync, readdirSync, renameSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';

const SUFFIX = '.unreadable';
const MAX_UNREADABLE = 100;

/**
 * Renames an unreadable segment, so that nobody tries it again and a person can look at it. Removes the oldest of
 * these beyond a hundred or beyond `maxBytes` together.
 * @returns its new path.
 * @throws Error when it cannot be renamed.
 */
export function setAside(directory: string, name: string, maxBytes: number): string {
  const taken = new Set(readdirSync(directory));
  let aside = `${name}${SUFFIX}`;
  for (let number = 2; taken.has(aside); number++) aside = `${name}-${number}${SUFFIX}`;
  renameSync(join(directory, name), join(directory, aside));
  removeOldest(directory, aside, maxBytes);
  return join(directory, aside);
}

/** Removes files only: a journal makes no folders here. */
function removeOldest(directory: string, newest: string, maxBytes: number): void {
  const unreadable = readdirSync(directory)
    .filter((name) => name.endsWith(SUFFIX))
    .map((name) => ({ name, stats: lstatSync(join(directory, name)) }))
    .filter(({ stats }) => stats.isFile())
    .toSorted((a, b) => a.stats.ctimeMs - b.stats.ctimeMs || (a.name < b.name ? -1 : 1));
  let bytes = unreadable.reduce((sum, { stats }) => sum + stats.size, 0);
  let count = unreadable.length;
  for (const { name, stats } of unreadable) {
    if (count <= MAX_UNREADABLE && bytes <= maxBytes) break;
    if (name === newest) continue;
    unlinkSync(join(directory, name));
    bytes -= stats.size;
    count--;
  }
}

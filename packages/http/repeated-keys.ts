import { MAX_FAULTS } from './check.ts';

/** Every schema refuses deeper nesting, so deeper keys need no check. */
const MAX_DEPTH = 16;
const WHITE_SPACE = ' \t\n\r';

interface Level {
  /** The keys of an object so far; `undefined` in an array. */
  readonly keys: Set<string> | undefined;
  /** The key or index of the current value. */
  at: string | number;
}

/**
 * Paths such as `links.2.title` of keys that an object has twice; `JSON.parse` keeps only the last.
 * @param json is valid.
 */
export function repeatedKeys(json: string): string[] {
  const repeated: string[] = [];
  const levels: Level[] = [];
  for (let index = 0; index < json.length && repeated.length < MAX_FAULTS; index++) {
    const level = levels.at(-1);
    switch (json.charAt(index)) {
      case '{':
        levels.push({ keys: new Set(), at: '' });
        break;
      case '[':
        levels.push({ keys: undefined, at: 0 });
        break;
      case '}':
      case ']':
        levels.pop();
        break;
      case ',':
        if (typeof level?.at === 'number') level.at++;
        break;
      case '"': {
        const end = endOfText(json, index);
        if (level?.keys && isFollowedByColon(json, end)) {
          const key = JSON.parse(json.slice(index, end)) as string;
          level.at = key;
          if (level.keys.has(key)) repeated.push(levels.map(({ at }) => at).join('.'));
          level.keys.add(key);
        }
        index = end - 1;
        break;
      }
      default:
    }
    if (levels.length > MAX_DEPTH) break;
  }
  return repeated;
}

/** The index after the string that begins at `start`, which ends at the first unescaped quotation mark. */
function endOfText(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); end !== -1; end = json.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (json[end - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return end + 1;
  }
  return json.length;
}

function isFollowedByColon(json: string, start: number): boolean {
  let index = start;
  while (index < json.length && WHITE_SPACE.includes(json.charAt(index))) index++;
  return json[index] === ':';
}

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const LONGEST_LINE = 120;
const LINK = /\]\((?<path>[^)#:\s]+)(?:#[^)]*)?\)/g;
/** A path of a file in backticks, without placeholders. */
const PATH = /`(?<path>(?:[\w.-]+\/)+[\w.-]+\.(?:ts|js|json|yml|sh|md))`/g;
const COMMENT = /^\s*(?:\/\/|\/?\*)/;

const files = execFileSync('git', ['ls-files'], { encoding: 'utf8' }).split('\n').filter(Boolean);
const places = new Set(files.flatMap((file) => [file, ...foldersOf(file)]));
const pages = files.filter((file) => file.endsWith('.md'));

function foldersOf(file: string): string[] {
  const above = dirname(file);
  return above === '.' ? [] : [above, ...foldersOf(above)];
}

function pathsIn(page: string, pattern: RegExp): string[] {
  return Array.from(readFileSync(page, 'utf8').matchAll(pattern), ({ groups }) => groups?.['path'] ?? '');
}

/** Returns the lines of prose: no code and no table. */
function proseOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  if (!file.endsWith('.md')) return text.split('\n').filter((line) => COMMENT.test(line));
  return text
    .replace(/^```.*?^\s*```$/gms, '')
    .split('\n')
    .filter((line) => !line.startsWith('|'));
}

test.each(pages)('%s has no dead link', (page) => {
  const dead = pathsIn(page, LINK).filter((path) => !places.has(normalize(join(dirname(page), path))));
  expect(dead).toEqual([]);
});

test.each(pages)('%s names existing files', (page) => {
  const dead = pathsIn(page, PATH).filter((path) => !files.some((file) => `/${file}`.endsWith(`/${path}`)));
  expect(dead).toEqual([]);
});

test('lines of prose have at most 120 characters', () => {
  const long = files
    .filter((file) => /\.(?:md|ts)$/.test(file))
    .flatMap((file) => proseOf(file).map((line) => ({ file, line })))
    .filter(({ line }) => line.length > LONGEST_LINE && line.includes(' ', line.search(/\S/) + 4));
  expect(long).toEqual([]);
});

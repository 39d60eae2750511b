import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_LIMIT, MAX_INTERVALS } from '@terse/core/stats/stats-service';
import { MAX_VALUES } from '@terse/core/stats/heavy-hitters';
import { INTERVALS } from '@terse/core/stats/interval';
import { LINK_DEFAULTS, REDIRECT_STATUSES } from '@terse/core/links/link';
import { MAX_URL_INPUT_LENGTH, MAX_URL_LENGTH } from '@terse/core/links/original-url';
import { RESERVED_CODES } from '@terse/core/links/short-code';
import { testLink } from '@terse/core/links/test-link';
import { MAX_REFERRER_LENGTH } from '@terse/core/visits/visit';
import { DIMENSIONS } from '@terse/core/stats/rollup';
import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE } from '@terse/http/schemas';
import { createLinkView } from '@terse/links/link-view';
import { LIMITS, listQuerySchema, newLinkSchema } from '@terse/links/schemas';
import { MAX_CUT_VALUES, MAX_CUT_VISITS } from '@terse/repository/cut-days';
import { readConfig } from '@terse/runtime/settings/config';
import { summaryQuerySchema } from '@terse/stats/app';
import { expect, test } from 'vitest';
import { MANIFESTS } from '../manifests.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
/** On one line, without the spaces of tables. */
const API = read('docs/api.md').replaceAll(/\s+/g, ' ');

const n = (number: number) => number.toLocaleString('en-US');
const codes = (values: readonly (string | number)[], last: string) =>
  `${values
    .slice(0, -1)
    .map((value) => `\`${value}\``)
    .join(', ')} ${last} \`${values.at(-1)}\``;
const { maxBodyBytes } = readConfig(MANIFESTS.standalone, {});

test.each([
  `${n(MAX_URL_INPUT_LENGTH)} characters as sent, ${n(MAX_URL_LENGTH)} as stored`,
  `| ${n(LIMITS.title)} characters |`,
  `${n(LIMITS.tags)} tags of ${n(LIMITS.tag)} characters`,
  `1 to ${n(LIMITS.bulk)} links in at most ${maxBodyBytes / 1024 / 1024} MB`,
  `| \`redirect_status\` | ${codes(REDIRECT_STATUSES, 'or')} | \`${LINK_DEFAULTS.redirect_status}\` |`,
  `| \`limit\` | \`${DEFAULT_PAGE_SIZE}\` | 1 to ${MAX_PAGE_SIZE} |`,
  `\`limit\` (${DEFAULT_PAGE_SIZE}, at most ${MAX_PAGE_SIZE})`,
  `at most ${n(MAX_URL_LENGTH)} characters |`,
  `| \`limit\` | \`${DEFAULT_LIMIT}\` | values of each breakdown, 1 to ${n(MAX_VALUES)} |`,
  `at most ${n(MAX_INTERVALS)} of them`,
  `more than ${n(MAX_CUT_VISITS)} visits, or ${n(MAX_CUT_VALUES)} referrers and user agents`,
  `with at most ${n(MAX_REFERRER_LENGTH)} characters`,
  `**Breakdowns** by ${codes(DIMENSIONS, 'and')} name`,
])('the reference says "%s"', (text) => {
  expect(API).toContain(text);
});

/** The names in the first cells of a table, each with the second cell. */
function rowsBelow(heading: string): { readonly name: string; readonly use: string }[] {
  const [, table = ''] = new RegExp(`\n${heading}\n\n(.*?)\n\n`, 's').exec(read('docs/api.md')) ?? [];
  return Array.from(table.matchAll(/^\| (`.*?) +\| (.*?) *\|/gm)).flatMap(([, names = '', use = '']) =>
    Array.from(names.matchAll(/`(\w+)`/g), ([, name = '']) => ({ name, use })),
  );
}
const namesOf = (rows: ReturnType<typeof rowsBelow>) => rows.map(({ name }) => name).toSorted();

test('the reference has a row for each field of a link, and says which a request may hold', () => {
  const rows = rowsBelow('## A link');
  const shown = createLinkView(new URL('https://go.example'))(testLink);
  expect(namesOf(rows)).toEqual(Object.keys(shown).toSorted());
  const taken = rows.filter(({ use }) => use !== 'only shown');
  expect(namesOf(taken)).toEqual(newLinkSchema.keyof().options.toSorted());
});

test('the reference has a row for each parameter', () => {
  expect(namesOf(rowsBelow('## The list'))).toEqual(listQuerySchema.keyof().options.toSorted());
  expect(namesOf(rowsBelow('## Stats'))).toEqual(summaryQuerySchema.keyof().options.toSorted());
});

test('the reference names each interval, and each code that is reserved', () => {
  for (const interval of INTERVALS) expect(API).toContain(`\`${interval}\``);
  const [, list = ''] = /Reserved, in any letter case: ([^.]*)\./.exec(API) ?? [];
  expect([...list.matchAll(/`(\w+)`/g)].map(([, code]) => code)).toEqual([...RESERVED_CODES].toSorted());
});

test('no example has a variable with the name of a setting', () => {
  const readme = read('README.md');
  const settings = new Set(readme.matchAll(/`([A-Z][A-Z_]+)`/g).map(([, name]) => name));
  expect(settings).toContain('ADMIN_API_KEY');
  // `sst.config.ts` reads these.
  const taken = new Set([...settings, 'API', 'QUEUE', 'DOMAIN']);
  const pages = readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`);
  for (const page of ['README.md', ...pages]) {
    const examples = [...read(page).matchAll(/```sh\n([^]*?)```/g)].map(([, text = '']) => text).join('\n');
    // Used, or set by `export A=… B=…`.
    const variables = [...examples.matchAll(/\$\{?([A-Z_]+)|(?<=^\s*export .*)\b([A-Z_]+)(?==)/gm)].map(
      ([, used, exported]) => used ?? exported ?? '',
    );
    expect([page, variables.filter((name) => taken.has(name))]).toEqual([page, []]);
  }
});

test('the README begins with one screen, and links to the reference', () => {
  const [screen = '', reference = ''] = read('README.md').split('\n---\n');
  expect(screen.split('\n').length).toBeLessThanOrEqual(50);
  expect(screen).toContain('(docs/api.md)');
  expect(reference).not.toBe('');
});

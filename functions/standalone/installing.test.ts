import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };

const LOCK = join(import.meta.dirname, '../../package-lock.json');

interface Lock {
  readonly packages: Readonly<Record<string, { readonly engines?: { readonly node?: string } }>>;
}

/** The oldest releases with which `npm ci` works, as the README says. */
const OLDEST = ['20.19.0', '22.13.0', '24.0.0'];

const numbers = (version: string) => version.split('.').map((part) => Number.parseInt(part, 10) || 0);

/** Whether a version is in a range of package.json: alternatives of `20`, `^20.19.0` and `>=22`. */
function allows(range: string, version: string): boolean {
  return range.split('||').some((alternative) => {
    const [, operator = '', least = ''] = /^\s*(>=|\^|)\s*v?([\dx*.]+)\s*$/.exec(alternative) ?? [];
    const wanted = numbers(least);
    const given = numbers(version);
    const difference =
      wanted.map((part, index) => (given[index] ?? 0) - part).find((part) => part !== 0) ?? 0;
    return operator === '>='
      ? difference >= 0
      : given[0] === wanted[0] && (operator === '' || difference >= 0);
  });
}

test('npm ci gives no engine warning with any Node that the README names', () => {
  expect(OLDEST.filter((version) => !allows(manifest.engines.node, version))).toEqual([]);
  const { packages } = JSON.parse(readFileSync(LOCK, 'utf8')) as Lock;
  const warned = Object.entries(packages).flatMap(([name, { engines = {} }]) =>
    OLDEST.filter((version) => !allows(engines.node ?? '>=0', version)).map(
      (version) => `${name} on ${version}`,
    ),
  );
  expect(warned).toEqual([]);
});

test.each([
  ['>=20', '20.19.0', true],
  ['>= 22.12.0', '22.11.9', false],
  ['^20.19.0 || >=22', '20.18.0', false],
  ['^20.19.0 || >=22', '21.0.0', false],
  ['^20.19.0 || >=22', '23.0.0', true],
  ['10.* || 20', '20.19.0', true],
])('%s allows %s: %s', (range, version, allowed) => {
  expect(allows(range, version)).toBe(allowed);
});

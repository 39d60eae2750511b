import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseSettings, SETTINGS } from './schema.ts';

const README = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');

test('the README names each setting', () => {
  const missing = SETTINGS.filter((name) => !new RegExp(`\`${name}[\`=]`).test(README));
  expect(missing).toEqual([]);
});

test('the README tells the default of each setting', () => {
  const { data } = parseSettings({ DATA_DIR: '.data' }, { needs: ['database', 'store', 'queue'] });
  const wrong = Object.entries(data ?? {}).filter(([name, value]) => {
    const row = new RegExp(`^\\| [^|]*\`${name}\`[^|]* \\|(?<defaults>[^|]*)\\|`, 'm').exec(README);
    return value !== undefined && !row?.groups?.['defaults']?.includes(`\`${String(value)}\``);
  });
  expect(wrong).toEqual([]);
});

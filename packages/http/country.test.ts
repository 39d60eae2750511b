import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { createCountry } from './country.ts';

async function seen(
  value: string | undefined,
  headerName: string | undefined = 'CF-IPCountry',
): Promise<unknown> {
  const country = createCountry(headerName);
  const app = new Hono().get('/', (c) => c.json(country(c)));
  const headers = value === undefined ? {} : { 'cf-ipcountry': value };
  return (await app.request('/', {}, { incoming: { headers } })).json();
}

test.each(['DE', 'US', 'GB', 'TW', 'XK', 'ZW'])('%s is a country', async (code) => {
  expect(await seen(code)).toBe(code);
});

test('the letters may be in lower case', async () => {
  expect(await seen('de')).toBe('DE');
});

test.each([
  'XX',
  'T1',
  'ZZ',
  'A1',
  'A2',
  'O1',
  'EU',
  'AP',
  'UK',
  'AA',
  'QM',

  '',
  'D',
  'DEU',
  'DE, US',
  '49',
])('%j is no country', async (code) => {
  expect(await seen(code)).toBeNull();
});

test('takes exactly 250 of all pairs of letters, each with a name', async () => {
  const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
  const letters = Array.from({ length: 26 }, (_, index) => String.fromCodePoint(65 + index));
  const pairs = letters.flatMap((first) => letters.map((second) => first + second));
  const taken = (await Promise.all(pairs.map((pair) => seen(pair)))).filter((code) => code !== null);
  expect(taken).toHaveLength(250);
  expect(taken.filter((code) => typeof code !== 'string' || names.of(code) === undefined)).toEqual([]);
});

import { expect, test } from 'vitest';
import { generateShortCode, isReserved, parseShortCode } from './short-code.ts';

test.each(['a', 'Z9_-', 'x'.repeat(64)])('accepts %s', (text) => {
  expect(parseShortCode(text)).toBe(text);
});

test.each(['', 'x'.repeat(65), 'a b', 'a/b', '.live', 'ü', 'a\n', '%41'])('refuses %j', (text) => {
  expect(parseShortCode(text)).toBeUndefined();
});

test('generates seven base62 characters: all are used, and none twice as often as its share', () => {
  const codes = Array.from({ length: 5000 }, generateShortCode);
  expect(codes.every((code) => /^[0-9A-Za-z]{7}$/.test(code))).toBe(true);
  expect(new Set(codes).size).toBe(codes.length);
  const uses = new Map<string, number>();
  for (const character of codes.join('')) uses.set(character, (uses.get(character) ?? 0) + 1);
  expect(uses.size).toBe(62);
  expect(Math.max(...uses.values())).toBeLessThan((2 * 5000 * 7) / 62);
});

test('reserves the paths of the product in any letter case', () => {
  expect(isReserved('api')).toBe(true);
  expect(isReserved('API')).toBe(true);
  expect(isReserved('apis')).toBe(false);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plainText, visibleText } from './plain-text.ts';

const text = plainText(255);

test.each([
  'Größe "x" \\ {y}',
  'a\u200Db',
  '👩‍👩‍👧‍👦 ❤️ 🏳️‍🌈 1️⃣ 🇩🇪',
  '🏴󠁧󠁢󠁥󠁮󠁧󠁿 England',
  'می\u200Cخواهم',
  'שלום\u200E 12\u200F',
  '葛\u{E0100}飾区',
  'ᠨᠠ\u180Bᠷᠠ',
  'e\u0301',
  '',
])('%j may be a title', (each) => {
  expect(text.parse(each)).toBe(each);
});

test.each([
  ['\0', '\t', '\n', '\r', '\x1B', '\x7F', '\x85', '\u2028', '\u2029', '\uD800', '\uDC00'],
  ['\u202A', '\u202B', '\u202C', '\u202D', '\u202E', '\u2066', '\u2067', '\u2068', '\u2069'],
  ['\u200B', '\u2060', '\u2061', '\u2064', '\u206A', '\u206F', '\uFEFF', '\uFFF9', '\uFFFB', '\u00AD'],
  ['\u034F', '\u115F', '\u1160', '\u17B4', '\u180E', '\u3164', '\uFFA0', '\u{1D173}', '\u{E0001}'],
  ['\u{E0041}', '\u{E007F}', '\u{1F3F4}\u{E0061}', '\u{1F3F4}\u{E0061}\u{E0041}\u{E007F}'],
])('none of %j may be in a title', (...hidden) => {
  for (const each of hidden) expect(text.safeParse(`a${each}b`).success).toBe(false);
});

test('every store can hold a text that was taken, unchanged', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (each) => {
      const taken = text.safeParse(each).data ?? '';
      expect(taken).not.toContain('\0');
      expect(taken.isWellFormed()).toBe(true);
      expect(JSON.parse(JSON.stringify(taken))).toBe(taken);
    }),
  );
});

test.each(['', ' ', '\u00A0', '\u200D', ' \u200E\uFE0F'])('%j shows nothing and is no tag', (each) => {
  expect(visibleText(50).safeParse(each).success).toBe(false);
});

test.each(['a', ' a ', '❤️', '🏴󠁧󠁢󠁥󠁮󠁧󠁿'])('%j may be a tag', (each) => {
  expect(visibleText(50).parse(each)).toBe(each);
});

import { expect, test } from 'vitest';
import { testCopy, testVisitor } from '../test-link.ts';
import { decide, isSameLink, prepare } from './decide.ts';
import type { Resolution } from './resolution.ts';

const redirectTo = (location: string): Resolution => ({ kind: 'redirect', location, status: 307 });

test('answers each visitor by the rule of the link', () => {
  const [german, other] = [redirectTo('https://example.com/de'), redirectTo('https://example.com/')];
  const link = {
    ...prepare(testCopy),
    answer: ({ country }: typeof testVisitor) => (country === 'DE' ? german : other),
  };
  expect(decide(link, { ...testVisitor, country: 'DE' }, 0)).toBe(german);
  expect(decide(link, testVisitor, 0)).toBe(other);
});

test('asks no rule when the link has expired', () => {
  const link = {
    ...prepare({ ...testCopy, expires_at: 1000 }),
    answer: () => redirectTo('https://example.com/'),
  };
  expect(decide(link, testVisitor, 999).kind).toBe('redirect');
  expect(decide(link, testVisitor, 1000)).toEqual({ kind: 'expired' });
});

test('takes two copies for the same link only when no answer differs', () => {
  expect(isSameLink(testCopy, { ...testCopy, version: 2, read_at: 1 })).toBe(true);
  for (const field of Object.keys(testCopy).filter((name) => name !== 'version' && name !== 'read_at')) {
    expect([field, isSameLink(testCopy, { ...testCopy, [field]: 'another' })]).toEqual([field, false]);
  }
  const withMore = { ...testCopy, of_a_later_release: true };
  expect([isSameLink(testCopy, withMore), isSameLink(withMore, testCopy)]).toEqual([false, false]);
});

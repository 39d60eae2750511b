import { expect, test } from 'vitest';
import { testVisitAt } from './test-visit.ts';
import { createVisitDescriber } from './visit-description.ts';

const describe = createVisitDescriber();

test('reads no name that a breakdown has for its own rows', () => {
  for (const row of ['(other)', '(unknown)']) {
    const { referrer_host, browser, os, device } = describe(
      testVisitAt('2026-11-24T12:00:00Z', { referrer: `https://${row}/`, user_agent: `${row}/1.0 (${row})` }),
    );
    for (const value of [referrer_host, browser, os, device]) expect(value ?? '').not.toMatch(/^\(/);
  }
});

test('removes the credentials from a referrer that an earlier release sent', () => {
  const visit = testVisitAt('2026-11-24T12:00:00Z', { referrer: 'https://user:secret@news.example/a' });
  expect(describe(visit)).toMatchObject({
    referrer: 'https://news.example/a',
    referrer_host: 'news.example',
  });
});

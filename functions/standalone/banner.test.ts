import { expect, test } from 'vitest';
import { banner } from './banner.ts';

const FACTS = {
  address: 'https://go.example',
  listensAt: 'http://[::1]:8080',
  internalAddress: 'http://127.0.0.1:9464',
  dataDirectory: '/srv/terse/.data',
  notes: [],
};

test.each([undefined, 'terse_key'])(
  'says where it listens beside where short URLs begin (key: %s)',
  (newApiKey) => {
    const text = banner({ ...FACTS, newApiKey });
    expect(text).toMatch(/ready at +https:\/\/go\.example\n/);
    expect(text).toMatch(/listens at +http:\/\/\[::1\]:8080\n/);
    expect(text).toMatch(/platform +http:\/\/127\.0\.0\.1:9464 .*\/\.ready/);
    expect(text).toMatch(/data in +\/srv\/terse\/\.data\n/);
  },
);

test.each([undefined, 'terse_key'])('ends with the notes (key: %s)', (newApiKey) => {
  const text = banner({ ...FACTS, newApiKey, notes: ['One.', 'Another.'] });
  expect(text).toMatch(/\n\n {2}One\.\n {2}Another\.\n\n$/);
});

test('says why a visit by curl does not raise the count, where it shows one', () => {
  const text = banner({ ...FACTS, newApiKey: 'terse_key' });
  expect(text).toContain('curl -si https://go.example/hello');
  expect(text).toContain(
    'visit_count counts people. curl is a tool, so its visit counts as automatic: bot_visits',
  );
});

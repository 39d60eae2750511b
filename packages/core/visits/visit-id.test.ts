import { version } from 'uuid';
import { expect, test } from 'vitest';
import { createVisitIds } from './visit-id.ts';

test('ids are UUIDv7 of their time, and no two are the same', () => {
  const visitId = createVisitIds();
  const ids = Array.from({ length: 2000 }, () => visitId(0x0123456789ab));
  expect(new Set(ids).size).toBe(2000);
  for (const id of ids) {
    expect(version(id)).toBe(7);
    expect(id.startsWith('01234567-89ab-7')).toBe(true);
  }
});

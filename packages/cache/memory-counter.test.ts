import { describe } from 'vitest';
import { createTestClock } from '@terse/platform/test-clock';
import { describeCounter } from './counter.contract.ts';
import { createMemoryCounter } from './memory-counter.ts';

describe('the in-process counter', () => {
  describeCounter(() => createMemoryCounter({ clock: createTestClock() }));
});

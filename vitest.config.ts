import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    reporters: ['default', './tests/total-reporter.ts'],
    restoreMocks: true,
    // One project after another, because tests that measure time need the whole machine.
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          sequence: { groupOrder: 0 },
          include: ['{packages,functions,bench,infra/bundle}/**/*.test.ts'],
          globalSetup: ['./tests/test-server.ts'],
          // A PostgreSQL server takes seconds to start on a busy machine.
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'infra',
          sequence: { groupOrder: 1 },
          include: ['tests/infra/**/*.test.ts'],
          globalSetup: ['./tests/infra/evaluate-plans.ts'],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'real',
          sequence: { groupOrder: 2 },
          include: ['{harness,tests}/**/*.test.ts'],
          exclude: ['tests/containers/**', 'tests/infra/**'],
          globalSetup: ['./tests/real-services.ts'],
          // Test files share the servers, so one file runs at a time.
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'containers',
          sequence: { groupOrder: 3 },
          include: ['tests/containers/**/*.test.ts'],
          // Each file builds images and puts them under load.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});

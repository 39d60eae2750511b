import type { Reporter, TestModule } from 'vitest/node';

/** Ends the run with one line that a machine can read: `12 passed, 0 failed`. */
export default class TotalReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state]++;
      // A file that cannot be loaded, or a hook that fails, has failed no test, and the run all the same.
      for (const part of [module, ...module.children.allSuites()]) {
        if (part.errors().length > 0) count.failed++;
      }
    }
    const skipped = count.skipped + count.pending;
    process.stdout.write(
      `${count.passed} passed, ${count.failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`,
    );
  }
}

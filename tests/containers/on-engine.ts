import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { type Engine, openEngine, skipped } from './engine.ts';

interface EngineUse {
  readonly setUp: (engine: Engine) => Promise<void>;
  /** The logs to show when a test fails. */
  readonly logs?: () => Promise<string>;
  readonly tearDown?: () => Promise<void>;
}

/** Opens an engine for the tests of a file, which are skipped without one. */
export function onEngine({ setUp, logs, tearDown }: EngineUse): void {
  let engine: Engine | undefined;
  let missing: string | undefined;

  beforeAll(async () => {
    const opened = await openEngine();
    if (typeof opened === 'string') {
      missing = skipped(opened);
      return;
    }
    engine = opened;
    await setUp(opened);
  });
  beforeEach(({ skip }) => {
    if (missing !== undefined) skip(missing);
  });
  afterEach(async ({ task }) => {
    if (engine && logs && task.result?.state === 'fail') process.stderr.write(await logs().catch(String));
  });
  afterAll(async () => {
    if (!engine) return;
    try {
      await tearDown?.();
    } finally {
      await engine.close();
    }
  });
}

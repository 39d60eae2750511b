import { createCounterFlush } from './functions/counter-flush.ts';
import { createDeadLetters } from './functions/dead-letters.ts';
import { createLinks } from './functions/links.ts';
import { createMigrations } from './functions/migrate.ts';
import type { Shared } from './functions/place.ts';
import { createRedirect } from './functions/redirect.ts';
import { createStats } from './functions/stats.ts';
import { createVisitWriter } from './functions/visit-writer.ts';
import type { Stage } from './stage.ts';

export type Functions = ReturnType<typeof createFunctions>['functions'];

/** Creates every function with its own settings and rights. */
export function createFunctions(stage: Stage, shared: Shared) {
  const place = { ...shared, stage };
  const migratedPlace = { ...place, migrated: [createMigrations(place)] };
  return {
    functions: {
      redirect: createRedirect(migratedPlace),
      links: createLinks(migratedPlace),
      stats: createStats(migratedPlace),
      visitWriter: createVisitWriter(migratedPlace),
      counterFlush: createCounterFlush(migratedPlace),
    },
    /** The command to inspect dead letters; append `list`, `replay` or `purge`. */
    deadLetters: createDeadLetters(place),
  };
}

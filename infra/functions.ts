import { pascal } from './database.ts';
import { createLinks, createStats } from './functions/api.ts';
import { createCounterFlush } from './functions/counter-flush.ts';
import { createDeadLetters } from './functions/dead-letters.ts';
import { createMigrations } from './functions/migrate.ts';
import type { Parts, Place } from './functions/place.ts';
import { createRedirect } from './functions/redirect.ts';
import { createVisitWriter } from './functions/visit-writer.ts';
import type { Stage } from './stage.ts';

export type Functions = ReturnType<typeof createFunctions>;

/** Every function where it runs, with its own settings, rights and way to the backing services that it uses. */
export function createFunctions(stage: Stage, parts: Parts) {
  const group = (name: string) => parts.network.group(pascal(name), `The function ${name}`);
  const place: Place = { ...parts, stage, group };
  const migratedPlace = { ...place, migrated: [createMigrations(place)] };

  return {
    redirect: createRedirect(migratedPlace),
    links: createLinks(migratedPlace),
    stats: createStats(migratedPlace),
    visitWriter: createVisitWriter(migratedPlace),
    counterFlush: createCounterFlush(migratedPlace),
    /** How to look at dead letters: a command, to which `list`, `replay` or `purge` is added. */
    deadLetters: createDeadLetters(place),
  };
}

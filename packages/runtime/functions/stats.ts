import { createStatsService, type StatsService } from '@terse/core/stats/stats-service';
import type { OpenDatabase } from '@terse/repository/open-database';
import { createRollupRepository } from '@terse/repository/rollup-repository';
import { createLinkRepository } from '@terse/repository/link-repository';
import { createVisitRepository } from '@terse/repository/visit-repository';
import type { Context } from '../context.ts';
import { type Opened, opened } from '../opened.ts';
import { openServedDatabase } from '../services/open-services.ts';
import { createReadinessGate } from '../telemetry/readiness.ts';
import { type ApiServices, apiOn } from './api.ts';

export interface StatsServices extends ApiServices {
  readonly stats: StatsService;
}

export async function openStats(context: Context): Promise<StatsServices & Opened> {
  const database = await openServedDatabase(context);
  const gate = createReadinessGate({ clock: context.clock, probes: { database: database.probe } });
  return { ...statsOn(context, database), ...opened(context, gate, [database]) };
}

export function statsOn(context: Context, database: OpenDatabase): StatsServices {
  const { clock } = context;
  const { db } = database;
  const links = createLinkRepository({ db, clock });
  return {
    ...apiOn(context, database),
    stats: createStatsService({
      links,
      rollups: createRollupRepository({ db }),
      visits: createVisitRepository({ db }),
      clock,
    }),
  };
}

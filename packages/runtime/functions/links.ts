import { createLinkService, type LinkService } from '@terse/core/links/link-service';
import { ownUrls } from '@terse/core/links/own-urls';
import type { OpenDatabase } from '@terse/repository/open-database';
import { createLinkRepository } from '@terse/repository/link-repository';
import type { Context } from '../context.ts';
import { listeningHosts } from '../listening-hosts.ts';
import { type Opened, opened } from '../opened.ts';
import { openServedDatabase, openStore, type Store } from '../services/open-services.ts';
import { createReadinessGate } from '../telemetry/readiness.ts';
import { type ApiServices, apiOn } from './api.ts';

export interface LinksServices extends ApiServices {
  readonly linkService: LinkService;
  readonly baseUrl: URL;
  readonly maxBodyBytes: number;
}

export async function openLinks(context: Context): Promise<LinksServices & Opened> {
  const database = await openServedDatabase(context);
  const store = await openStore(context);
  const gate = createReadinessGate({
    clock: context.clock,
    probes: { database: database.probe, cache: store.probe },
    isEnough: ({ database }) => Boolean(database),
  });
  return { ...linksOn(context, database, store), ...opened(context, gate, [store, database]) };
}

export function linksOn(context: Context, database: OpenDatabase, { cache, counter }: Store): LinksServices {
  const { clock, metrics, config } = context;
  const repository = createLinkRepository({ db: database.db, clock });
  const { baseUrl, host, port, maxBodyBytes } = config;
  const isOwnUrl = ownUrls({ baseUrl, port, hosts: listeningHosts(host) });
  return {
    ...apiOn(context, database),
    linkService: createLinkService({ repository, cache, counter, clock, metrics, isOwnUrl }),
    baseUrl,
    maxBodyBytes,
  };
}

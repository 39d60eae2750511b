import type { Config } from './settings/config.ts';
import { LOCAL_HOSTS } from './settings/service-url.ts';

type NotedSettings = Pick<Config, 'isProduction' | 'baseUrl' | 'database' | 'store' | 'queue' | 'journal'>;

/**
 * Lines for a function in production: one for each thing that embedded backing services do not give, and one for an
 * address that is not set yet.
 */
export function productionNotes({
  isProduction,
  baseUrl,
  database,
  store,
  queue,
  journal,
}: NotedSettings): string[] {
  if (!isProduction) return [];
  const inMemory = [
    ...(store.kind === 'memory' ? ['cache', 'counter'] : []),
    ...(queue.kind === 'memory' ? ['queue'] : []),
  ];
  const notes: string[] = [];
  if (database.kind === 'embedded' || inMemory.length > 0) {
    notes.push('EMBEDDED=accept: one process on one machine. No second one shares the load or takes over.');
  }
  if (inMemory.length > 0) {
    const fate = journal
      ? 'the journal of visits outlives a crash'
      : 'JOURNAL_DIR=none, so a crash loses visits that are not stored yet';
    notes.push(`In memory only: ${inMemory.join(', ')}; ${fate}.`);
  }
  if (LOCAL_HOSTS.has(baseUrl.hostname)) {
    notes.push(`Short URLs begin with ${baseUrl.origin}. Set BASE_URL to the address that visitors use.`);
  }
  return notes;
}

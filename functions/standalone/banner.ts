import type { KeyAtStart } from './key-at-start.ts';

export interface BannerFacts {
  /** The origin that short URLs begin with. */
  readonly address: string;
  readonly listensAt: string;
  readonly internalAddress: string;
  readonly dataDirectory: string;
  /** Why the database, and with it the API, cannot be used; `undefined` when it can. */
  readonly databaseFault: string | undefined;
  /** Advice for production, a line each. */
  readonly notes: readonly string[];
  readonly apiKey: KeyAtStart;
}

/** Returns the text that a person reads after starting Terse, with commands to paste. */
export function banner(facts: BannerFacts): string {
  const { address, databaseFault } = facts;
  const head = `
  Terse is ${databaseFault === undefined ? 'ready' : 'not ready'} at ${address}
  listens at        ${facts.listensAt}
  for the platform  ${facts.internalAddress}  (/.live, /.started, /.ready, /.metrics)
  data in           ${facts.dataDirectory}
`;
  const notes = facts.notes.length > 0 ? `${facts.notes.map((note) => `  ${note}\n`).join('')}\n` : '';
  return `${head}${linesFor(facts)}\n${notes}`;
}

function linesFor({ address, databaseFault, apiKey }: BannerFacts): string {
  if (databaseFault !== undefined) return linesForFault(databaseFault);
  return apiKey.kind === 'made' ? linesForNewKey(address, apiKey.key) : linesForKey(address, apiKey);
}

function linesForFault(fault: string): string {
  return `
  ${fault}
  Terse becomes ready as soon as that is done. npm run keys -- list then shows the API keys, make NAME makes one.
`;
}

function linesForNewKey(address: string, key: string): string {
  return `  your API key      ${key}  (shown this once: keep it)

  Shorten a link, then follow it:

  curl -s ${address}/api/v1/links -H 'Authorization: Bearer ${key}' -d '{"original_url":"https://example.com/","short_code":"hello"}'
  curl -si ${address}/hello

  visit_count counts people. curl is a tool, so its visit counts as automatic: bot_visits in the stats. A browser's
  visit to ${address}/hello raises visit_count.
`;
}

function linesForKey(address: string, { kind }: KeyAtStart): string {
  const advice =
    kind === 'none'
      ? 'Every API key was revoked: npm run keys -- make NAME makes one. With it in $TERSE_KEY, shorten a link, then list all:'
      : 'With your API key in $TERSE_KEY, shorten a link, then list all (lost it? npm run keys -- make NAME):';
  const links = `${address}/api/v1/links -H "Authorization: Bearer $TERSE_KEY"`;
  return `
  ${advice}

  curl -s ${links} -d '{"original_url":"https://example.com/"}'
  curl -s ${links}
`;
}

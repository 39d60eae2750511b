export interface BannerFacts {
  /** Where short URLs begin. */
  readonly address: string;
  readonly listensAt: string;
  readonly internalAddress: string;
  readonly dataDirectory: string;
  /** Lines for whoever runs it in production. */
  readonly notes: readonly string[];
  /** Made just now, never to be seen again. */
  readonly newApiKey: string | undefined;
}

/** What a person reads after starting Terse, with lines to paste. */
export function banner(facts: BannerFacts): string {
  const { address, newApiKey } = facts;
  const api = `${address}/api/v1/links`;
  const head = `
  Terse is ready at ${address}
  listens at        ${facts.listensAt}
  for the platform  ${facts.internalAddress}  (/.live, /.started, /.ready, /.metrics)
  data in           ${facts.dataDirectory}
`;
  const notes = facts.notes.length > 0 ? `${facts.notes.map((note) => `  ${note}\n`).join('')}\n` : '';
  if (newApiKey === undefined) {
    return `${head}
  With your API key in $ADMIN_API_KEY, shorten a link, then list all (lost it? npm run keys -- make NAME):

  curl -s ${api} -H "Authorization: Bearer $ADMIN_API_KEY" -d '{"original_url":"https://example.com/"}'
  curl -s ${api} -H "Authorization: Bearer $ADMIN_API_KEY"

${notes}`;
  }
  return `${head}  your API key      ${newApiKey}  (shown this once: keep it)

  Shorten a link, then follow it:

  curl -s ${api} -H 'Authorization: Bearer ${newApiKey}' -d '{"original_url":"https://example.com/","short_code":"hello"}'
  curl -si ${address}/hello

  visit_count counts people. curl is a tool, so its visit counts as automatic: bot_visits in the stats. A browser's
  visit to ${address}/hello raises visit_count.

${notes}`;
}

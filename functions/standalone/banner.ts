export interface BannerFacts {
  readonly address: string;
  readonly dataDirectory: string;
  /** Made just now, never to be seen again. */
  readonly newApiKey: string | undefined;
}

/** What a person reads after starting Terse, with lines to paste. */
export function banner({ address, dataDirectory, newApiKey }: BannerFacts): string {
  const api = `${address}/api/v1/links`;
  if (newApiKey === undefined) {
    return `
  Terse is ready at ${address}
  data in           ${dataDirectory}

  With your API key in $ADMIN_API_KEY, shorten a link, then list all:

  curl -s ${api} -H "Authorization: Bearer $ADMIN_API_KEY" -d '{"original_url":"https://example.com/"}'
  curl -s ${api} -H "Authorization: Bearer $ADMIN_API_KEY"

`;
  }
  return `
  Terse is ready at ${address}
  data in           ${dataDirectory}
  your API key      ${newApiKey}  (shown this once: keep it)

  Shorten a link, then follow it:

  curl -s ${api} -H 'Authorization: Bearer ${newApiKey}' -d '{"original_url":"https://example.com/","short_code":"hello"}'
  curl -si ${address}/hello

`;
}

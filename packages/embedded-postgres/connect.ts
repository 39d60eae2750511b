import postgres from 'postgres';

/** Opens one connection to a server at a local socket. The driver would send a `host` in the URL to the server. */
export function connect(url: string): postgres.Sql {
  const parsed = new URL(url);
  const folder = parsed.searchParams.get('host');
  parsed.search = '';
  return postgres(parsed.href, {
    path: `${folder}/.s.PGSQL.5432`,
    max: 1,
    fetch_types: false,
    onnotice: () => {},
  });
}

import postgres from 'postgres';

/** One connection to a server at a local socket: the driver knows no `host` in a URL, and would send it to the server. */
export function connect(url: string): postgres.Sql {
  const parsed = new URL(url);
  const folder = parsed.searchParams.get('host');
  parsed.search = '';
  return postgres(parsed.href, { path: `${folder}/.s.PGSQL.5432`, max: 1, onnotice: () => {} });
}

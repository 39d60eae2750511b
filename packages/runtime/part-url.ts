const SSL_MODES = new Set(['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full']);

/** What is wrong with the URL of a part, in words that follow its setting; `undefined` when nothing is. */
export function partUrlFault(url: URL): string | undefined {
  if (![url.username, url.password, url.pathname].every(isPercentEncoded)) {
    return 'must have user, password and path percent-encoded';
  }
  if (url.protocol.startsWith('redis') && !/^(?:\/\d*)?$/.test(url.pathname)) {
    return 'must have the number of a database as its path, or none';
  }
  const sslMode = url.searchParams.get('sslmode');
  if (url.protocol.startsWith('postgres') && sslMode !== null && !SSL_MODES.has(sslMode)) {
    return `must have one of these as sslmode: ${[...SSL_MODES].join(', ')}`;
  }
  return undefined;
}

/** Whether each percent sign begins the code of a character. */
function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

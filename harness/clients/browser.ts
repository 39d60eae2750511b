/** The user agent of a browser: its visits count as a person's. */
export const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

/** Requests a short URL as a browser does, without following the redirect. */
export function visit(url: string, method = 'GET', userAgent = BROWSER): Promise<Response> {
  return fetch(url, { method, redirect: 'manual', headers: { 'User-Agent': userAgent } });
}

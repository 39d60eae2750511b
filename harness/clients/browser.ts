/** What a browser calls itself: its visits are those of a person. */
export const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

/** Follows a short URL as a browser does, but not to where it leads. */
export function visit(url: string, method = 'GET', userAgent = BROWSER): Promise<Response> {
  return fetch(url, { method, redirect: 'manual', headers: { 'User-Agent': userAgent } });
}

/**
 * Returns the path patterns of a load balancer for routes in Hono's notation, in which `/api/*` also matches `/api`. In
 * a pattern, `*` is any text.
 */
export function pathPatterns(routes: readonly string[]): string[] {
  return routes.flatMap((route) => {
    const pattern = route.replaceAll(/:\w+/g, '*');
    if (pattern === '*') return ['/*'];
    return pattern.endsWith('/*') ? [pattern.slice(0, -'/*'.length), pattern] : [pattern];
  });
}

import { visitsTo } from '../../data/samples.ts';
import { CONNECTIONS } from '../../load/load.ts';
import type { Cores } from '../../machine/cores.ts';
import { LINK, type Product } from '../../product.ts';

const REQUESTS = 1000;
const LINK_NUMBER = 1;

/** Requests for one link, from different browsers. */
export const REQUESTS_OF_LINK = visitsTo(Array.from({ length: REQUESTS }, () => LINK_NUMBER));

/** Creates the link. @returns the load of its visitors. */
export async function visitorsOf(product: Product, cores: Cores) {
  const link = { original_url: 'https://example.com/where/it/leads?utm_source=bench', short_code: LINK };
  const response = await product.call('POST', '/api/v1/links', link);
  const text = await response.text();
  if (response.status !== 201) throw new Error(`The new link was answered with ${response.status}: ${text}`);
  return { url: product.url, requests: REQUESTS_OF_LINK, connections: CONNECTIONS, cores };
}

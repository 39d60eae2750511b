import type { Cores } from '../../harness/cores.ts';
import { CONNECTIONS } from '../../harness/load.ts';
import { LINK, type Product } from '../../harness/product.ts';
import { visitsTo } from '../../harness/samples.ts';

const REQUESTS = 1000;
const LINK_NUMBER = 1;

/** All follow one link, each with a browser of their own. */
export const REQUESTS_OF_LINK = visitsTo(Array.from({ length: REQUESTS }, () => LINK_NUMBER));

/** Makes the link. @returns the load of those who follow it. */
export async function visitorsOf(product: Product, cores: Cores) {
  const link = { original_url: 'https://example.com/where/it/leads?utm_source=bench', short_code: LINK };
  const { status, text } = await product.api('POST', '/api/v1/links', link);
  if (status !== 201) throw new Error(`The link was answered with ${status}: ${text}`);
  return { url: product.url, requests: REQUESTS_OF_LINK, connections: CONNECTIONS, cores };
}

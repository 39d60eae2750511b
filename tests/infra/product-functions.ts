import { MANIFESTS } from '../../functions/manifests.ts';

/** The functions that serve by themselves. Each must have a place to run. */
export const PRODUCT_FUNCTIONS = Object.values(MANIFESTS)
  .filter((manifest) => 'ports' in manifest && !('embedded' in manifest))
  .map(({ name }) => name)
  .toSorted();

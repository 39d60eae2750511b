import { manifest as backup } from './backup/manifest.ts';
import { manifest as restore } from './restore/manifest.ts';
import type { FunctionManifest } from '@terse/platform/function-manifest';
import { manifest as counterFlush } from './counter-flush/manifest.ts';
import { manifest as deadLetters } from './dead-letters/manifest.ts';
import { manifest as gateway } from './gateway/manifest.ts';
import { manifest as keys } from './keys/manifest.ts';
import { manifest as links } from './links/manifest.ts';
import { manifest as migrate } from './migrate/manifest.ts';
import { manifest as redirect } from './redirect/manifest.ts';
import { manifest as standalone } from './standalone/manifest.ts';
import { manifest as stats } from './stats/manifest.ts';
import { manifest as visitWriter } from './visit-writer/manifest.ts';

/** Every function, by its name. */
export const MANIFESTS = {
  backup,
  restore,
  redirect,
  links,
  stats,
  'visit-writer': visitWriter,
  'counter-flush': counterFlush,
  gateway,
  migrate,
  'dead-letters': deadLetters,
  keys,
  standalone,
} as const satisfies Record<string, FunctionManifest>;

export type FunctionName = keyof typeof MANIFESTS;

/** The functions that are deployed: each serves requests and scales alone. */
export const PRODUCT_FUNCTIONS: readonly FunctionName[] = Object.values(MANIFESTS)
  .filter((manifest) => 'ports' in manifest && !('embedded' in manifest))
  .map(({ name }) => name)
  .toSorted();

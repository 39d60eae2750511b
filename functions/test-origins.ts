import { originSetting } from '@terse/platform/function-manifest';
import { MANIFESTS } from './manifests.ts';

/** Settings with which the gateway looks for every function at one address. */
export function originsAt(origin: string): Readonly<Record<string, string>> {
  return Object.fromEntries(MANIFESTS.gateway.forwardsTo.map((to) => [originSetting(to), origin]));
}

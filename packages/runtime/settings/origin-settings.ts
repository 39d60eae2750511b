import { type FunctionManifest, originSetting } from '@terse/platform/function-manifest';
import type { Environment } from './given-settings.ts';
import { origin } from './schema.ts';

const functionOrigin = origin('each request keeps its own');

/** The settings with the addresses of the functions that a function forwards to. */
export function originSettingsOf({ forwardsTo = [] }: FunctionManifest): string[] {
  return forwardsTo.map(originSetting);
}

/** Reads where each function is that a function forwards to, by its name; what is wrong is added to `faults`. */
export function readOrigins(
  { forwardsTo = [] }: FunctionManifest,
  given: Environment,
  faults: string[],
): Readonly<Record<string, URL>> {
  const origins: Record<string, URL> = {};
  for (const to of forwardsTo) {
    const setting = originSetting(to);
    const { data, error } = functionOrigin.safeParse(given[setting]);
    if (data) origins[to.name] = data;
    for (const { message } of error?.issues ?? []) faults.push(`${setting} ${message}`);
    if (given[setting] === undefined) faults.push(`${setting} must be set: ${reason(to)}`);
  }
  return origins;
}

function reason({ name, ports }: FunctionManifest): string {
  return `requests go there; ${name} on the same machine is at http://127.0.0.1:${ports?.port}`;
}

import { type FunctionManifest, loginSetting } from '@terse/platform/function-manifest';
import { z } from '@terse/platform/zod';
import type { Login } from '@terse/repository/logins';
import { faultOfEscapes } from './service-url.ts';

const login = z
  .url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres URL', abort: true })
  .regex(/^[^:]+:\/\/[^:@/]+:[^:@/]+@/, { error: 'must have a user and a password', abort: true })
  .refine((text) => faultOfEscapes(new URL(text)) === undefined, {
    error: 'must have user and password percent-encoded',
    abort: true,
  })
  .transform((text) => {
    const { username, password } = new URL(text);
    return { name: decodeURIComponent(username), password: decodeURIComponent(password) };
  });

/** The settings with the logins that a function makes. */
export function loginSettingsOf({ makesLoginsOf = [] }: FunctionManifest): string[] {
  return makesLoginsOf.map(loginSetting);
}

/** Reads the logins that a function makes; what is wrong is added to `faults`, without any value. */
export function readLogins(
  { makesLoginsOf = [] }: FunctionManifest,
  settings: Readonly<Record<string, string | undefined>>,
  faults: string[],
): Login[] {
  return makesLoginsOf.flatMap((of) => {
    const setting = loginSetting(of);
    const { databaseRole: role, statementTimeoutMs } = of;
    if (settings[setting] === undefined || role === undefined) return [];
    const { data, error } = login.safeParse(settings[setting]);
    for (const { message } of error?.issues ?? []) faults.push(`${setting} ${message}`);
    return data ? [{ ...data, role, statementTimeoutMs }] : [];
  });
}

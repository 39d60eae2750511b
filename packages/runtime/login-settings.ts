import { z } from '@terse/core/zod';
import type { Login } from '@terse/repository/logins';
import { partUrlFault } from './part-url.ts';
import { STATEMENT_TIMEOUT_MS } from './statement-timeouts.ts';

const login = z
  .url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres URL', abort: true })
  .regex(/^[^:]+:\/\/[^:@/]+:[^:@/]+@/, { error: 'must have a user and a password', abort: true })
  .refine((text) => partUrlFault(new URL(text)) === undefined, {
    error: 'must have user and password percent-encoded',
    abort: true,
  })
  .transform((text) => {
    const { username, password } = new URL(text);
    return { name: decodeURIComponent(username), password: decodeURIComponent(password) };
  })
  .optional();

/** The logins that the migrations make, and the function that each is for. */
const LOGINS = {
  REDIRECT_DATABASE_URL: 'redirect',
  LINKS_DATABASE_URL: 'links',
  STATS_DATABASE_URL: 'stats',
  VISIT_WRITER_DATABASE_URL: 'visit-writer',
  COUNTER_FLUSH_DATABASE_URL: 'counter-flush',
} as const;

type Setting = keyof typeof LOGINS;
const NAMES = Object.keys(LOGINS) as readonly Setting[];

/** The schemas of the settings. */
export const LOGIN_SETTINGS = {
  REDIRECT_DATABASE_URL: login,
  LINKS_DATABASE_URL: login,
  STATS_DATABASE_URL: login,
  VISIT_WRITER_DATABASE_URL: login,
  COUNTER_FLUSH_DATABASE_URL: login,
} as const satisfies Record<Setting, unknown>;

export function readLogins(settings: { readonly [name in Setting]?: z.infer<typeof login> }): Login[] {
  return NAMES.flatMap((setting) => {
    const login = settings[setting];
    if (!login) return [];
    const name = LOGINS[setting];
    const role = `terse_${name.replaceAll('-', '_')}`;
    return [{ ...login, role, statementTimeoutMs: STATEMENT_TIMEOUT_MS[name] }];
  });
}

import type { FunctionManifest } from '@terse/platform/function-manifest';
import { manifest as migrate } from '../functions/migrate/manifest.ts';
import { pascal } from './resource-name.ts';
import { type StoredSecret, createPassword, createSecret } from './secrets.ts';
import type { Stage } from './stage.ts';

const OWNER = 'owner';

type Login = ReturnType<typeof createLogin>;
type Logins = ReturnType<typeof createLogins>;

/** Creates passwords for the owner and for each function with a database role, and the secrets to hold them. */
export function createLogins(stage: Stage) {
  const owner = createLogin(stage, OWNER);
  return { owner, all: [owner, ...migrate.makesLoginsOf.map(({ name }) => createLogin(stage, name))] };
}

function createLogin(stage: Stage, name: string) {
  const resource = `Database${pascal(name)}`;
  return {
    name,
    username: `${name.replaceAll('-', '_')}_login`,
    password: createPassword(resource, stage.passwordGeneration),
    secret: createSecret(stage, resource),
  };
}

interface UrlsOfLogins {
  readonly url: (login: Login) => $util.Output<string>;
  /** Undefined without a replica. */
  readonly readUrl: ((login: Login) => $util.Output<string>) | undefined;
}

/**
 * Writes the secrets, once the address of the database is known.
 * @returns a function that finds the secret of a function's login: without a database role, that of the owner.
 */
export function writeLogins({ all }: Logins, { url, readUrl }: UrlsOfLogins) {
  const readers = new Set<string>(
    migrate.makesLoginsOf.filter((manifest) => 'readsReplica' in manifest).map(({ name }) => name),
  );
  const stored = new Map<string, StoredSecret>();
  for (const login of all) {
    const { name, username, password, secret } = login;
    const fields = {
      // The proxy reads these two; the function reads the URL.
      username,
      password,
      url: url(login),
      ...(readUrl && readers.has(name) && { readUrl: readUrl(login) }),
    };
    stored.set(name, secret.write(fields));
  }
  return ({ name, databaseRole }: FunctionManifest): StoredSecret => {
    const secret = stored.get(databaseRole === undefined ? OWNER : name);
    if (!secret) throw new Error(`functions/migrate/manifest.ts lists no login of ${name}.`);
    return secret;
  };
}

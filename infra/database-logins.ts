import type { FunctionManifest } from '@terse/platform/function-manifest';
import { manifest as migrate } from '../functions/migrate/manifest.ts';
import { pascal } from './resource-name.ts';
import { type StoredSecret, createPassword, createSecret } from './secrets.ts';
import type { Stage } from './stage.ts';

const OWNER = 'owner';

type Login = ReturnType<typeof createLogin>;
type Logins = ReturnType<typeof createLogins>;

/** Makes the passwords of the owner and of each function with a database role, and the secrets that will hold them. */
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
  /** Only where there is a replica. */
  readonly readUrl: ((login: Login) => $util.Output<string>) | undefined;
}

/**
 * Writes the secrets, once it is known where the database is.
 * @returns the secret of a function's own login; one without a database role logs in as the owner.
 */
export function writeLogins({ all }: Logins, { url, readUrl }: UrlsOfLogins) {
  const readers = new Set<string>(
    migrate.makesLoginsOf.filter((manifest) => 'readsReplica' in manifest).map(({ name }) => name),
  );
  const stored = new Map<string, StoredSecret>();
  for (const login of all) {
    const { name, username, password, secret } = login;
    const fields = {
      // The proxy reads these two, and the function that logs in reads the URL.
      username,
      password,
      url: url(login),
      ...(readUrl && readers.has(name) && { readUrl: readUrl(login) }),
    };
    stored.set(name, secret.write(fields));
  }
  return ({ name, databaseRole }: FunctionManifest): StoredSecret => {
    const secret = stored.get(databaseRole === undefined ? OWNER : name);
    if (!secret) throw new Error(`The migrations make no login of ${name}.`);
    return secret;
  };
}

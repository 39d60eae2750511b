/** A backing service that a function may need. */
export type Need = 'database' | 'store' | 'queue';

/** What a function is, said once: the runtime, the gateway, the migrations, `infra` and tests read it. */
export interface FunctionManifest {
  /** As in the name of its folder, its image and its metrics. */
  readonly name: string;
  readonly needs: readonly Need[];
  /** Whether embedded backing services will do: its own, or also those of a product that runs already. */
  readonly embedded?: 'own' | 'shared';
  /** The group role that holds its rights in the database; a login is a member of it. */
  readonly databaseRole?: string;
  /** How long the database may work on one of its statements. */
  readonly statementTimeoutMs: number;
  /** Where it listens unless told otherwise: each at ports of its own, so that all run beside one another. */
  readonly ports?: { readonly port: number; readonly internal: number };
  /** The paths at which callers reach it, in Hono's notation. Of two that match, the longer one counts. */
  readonly routes?: readonly string[];
  /** Settings that it cannot do without, and why. */
  readonly requires?: Readonly<Record<string, string>>;
  /** The functions whose logins it makes, from the setting `<NAME>_DATABASE_URL` of each. */
  readonly makesLoginsOf?: readonly FunctionManifest[];
}

/** The setting with the login of a function: `VISIT_WRITER_DATABASE_URL`. */
export function loginSetting({ name }: Pick<FunctionManifest, 'name'>): string {
  return `${name.replaceAll('-', '_').toUpperCase()}_DATABASE_URL`;
}

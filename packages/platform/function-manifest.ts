/** A backing service that a function may need. */
export type Need = 'database' | 'store' | 'queue';

/** What a function is, in one place. The runtime, the gateway, the migrations, `infra` and tests read it. */
export interface FunctionManifest {
  /** The name of its folder and its image, and in its metrics. */
  readonly name: string;
  readonly needs: readonly Need[];
  /** Whether it can use embedded backing services: its own, or also those of a product that already runs. */
  readonly embedded?: 'own' | 'shared';
  /** The group role that holds its rights in the database; a login is a member of it. */
  readonly databaseRole?: string;
  /** Whether it only reads, from a replica where there is one. */
  readonly readsReplica?: true;
  /** How long the database may work on one of its statements. */
  readonly statementTimeoutMs: number;
  /** Its default ports. They differ between functions, so that all run side by side. */
  readonly ports?: { readonly port: number; readonly internal: number };
  /** The paths at which callers reach it, in Hono's notation. When two match, the longer one counts. */
  readonly routes?: readonly string[];
  /** What invokes it where `TRIGGER=external`, by the name of each schedule. */
  readonly schedules?: Readonly<Record<string, EventSchedule>>;
  /** How long one invocation may take. */
  readonly invocationTimeoutMs?: number;
  /** Settings that it needs, and why. */
  readonly requires?: Readonly<Record<string, string>>;
  /** The functions that it forwards requests to, at the setting `<NAME>_ORIGIN` of each. */
  readonly forwardsTo?: readonly FunctionManifest[];
  /** The functions whose logins it makes, from the setting `<NAME>_DATABASE_URL` of each. */
  readonly makesLoginsOf?: readonly FunctionManifest[];
}

/** The event that is posted to a function again and again. */
export interface EventSchedule {
  readonly every: 'minute' | 'hour';
  readonly event: Readonly<Record<string, string>>;
}

type Named = Pick<FunctionManifest, 'name'>;

/** The setting with the login of a function: `VISIT_WRITER_DATABASE_URL`. */
export function loginSetting({ name }: Named): string {
  return `${upperSnake(name)}_DATABASE_URL`;
}

/** The setting with the address of a function: `REDIRECT_ORIGIN`. */
export function originSetting({ name }: Named): string {
  return `${upperSnake(name)}_ORIGIN`;
}

function upperSnake(name: string): string {
  return name.replaceAll('-', '_').toUpperCase();
}

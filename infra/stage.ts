/** The settings that differ between stages. */
export interface Stage {
  readonly name: string;
  /** Whether its data must not be lost: it is protected, retained on removal, and spread over zones. */
  readonly isProduction: boolean;
  /** The zone of the domain in Route 53. */
  readonly zone: string;
  /** The host of short URLs. */
  readonly domain: string;
  readonly alertEmail: string;
  readonly nat: 'ec2' | 'managed';
  readonly database: {
    readonly instance: string;
    readonly storageGb: number;
    readonly maxStorageGb: number;
    /** Connections above which the alarm goes off: four fifths of what the instance allows. */
    readonly manyConnections: number;
    readonly backupDays: number;
    /** Behind a proxy, connections outlive a failover, and the certificate can be verified. */
    readonly proxy: boolean;
    readonly replica: boolean;
  };
  readonly queue:
    | {
        readonly kind: 'amazon-mq';
        readonly instance: string;
        readonly version: string;
        readonly isCluster: boolean;
      }
    | { readonly kind: 'cloudamqp'; readonly plan: string };
  readonly redis: {
    readonly budgetUsd: number;
    /** The size above which the alarm goes off. */
    readonly megabytes: number;
  };
  /** Runs links and stats: a Lambda costs nothing without requests, a service has no cold starts. */
  readonly api: 'lambda' | 'service';
  readonly redirects: Scale;
  readonly writers: Scale;
  readonly apiScale: Scale;
  readonly logDays: number;
  /** The requests that the edge accepts from one address in five minutes. */
  readonly perAddress: { readonly apiRequests: number; readonly redirects: number };
  /** The monthly cost above which a person is notified; undefined for a stage that lasts for days. */
  readonly budgetUsd: number | undefined;
  /** A new value creates new passwords for the logins of the database. */
  readonly passwordGeneration: string;
  /** The deployed commit, in the tags of its images. */
  readonly commit: string;
}

export interface Scale {
  readonly min: number;
  readonly max: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Redirects: 333 per second, enough for an office behind one address on the day of a mailing. */
const PER_ADDRESS = { apiRequests: 2000, redirects: 100_000 } as const;

const SMALL = {
  isProduction: false,
  nat: 'ec2',
  database: {
    instance: 'db.t4g.micro',
    storageGb: 20,
    maxStorageGb: 50,
    manyConnections: 60,
    backupDays: 1,
    proxy: false,
    replica: false,
  },
  queue: { kind: 'amazon-mq', instance: 'mq.t3.micro', version: '3.13', isCluster: false },
  redis: { budgetUsd: 10, megabytes: 200 },
  api: 'lambda',
  redirects: { min: 1, max: 2 },
  writers: { min: 1, max: 2 },
  apiScale: { min: 1, max: 2 },
  logDays: 7,
  perAddress: PER_ADDRESS,
} as const satisfies Partial<Stage>;

const PRODUCTION = {
  isProduction: true,
  nat: 'managed',
  database: {
    instance: 'db.m7g.large',
    storageGb: 100,
    maxStorageGb: 1000,
    manyConnections: 650,
    backupDays: 14,
    proxy: true,
    replica: true,
  },
  queue: { kind: 'amazon-mq', instance: 'mq.m7g.large', version: '4.2', isCluster: true },
  redis: { budgetUsd: 200, megabytes: 2000 },
  api: 'service',
  redirects: { min: 2, max: 20 },
  writers: { min: 1, max: 10 },
  apiScale: { min: 2, max: 6 },
  logDays: 30,
  perAddress: PER_ADDRESS,
} as const satisfies Partial<Stage>;

/**
 * Returns the stage of this name: `production`, `dev`, or `pr-<number>`, which lasts as long as its pull request. The
 * environment (`.env`) has the operator's settings: `DOMAIN`, `ALERT_EMAIL`, `BUDGET_USD`, and, to differ from the
 * tables above, `API=lambda|service`, `QUEUE=cloudamqp:<plan>` and `PASSWORD_GENERATION`.
 * @param commit the checked-out commit.
 * @throws Error when the name or a setting is invalid.
 */
export function readStage(name: string, environment: Environment, commit: string): Stage {
  const kind = kindOf(name);
  const domain = required('DOMAIN');
  const settings = kind === 'production' ? PRODUCTION : SMALL;
  return {
    ...settings,
    name,
    zone: domain,
    domain: kind === 'production' ? domain : `${name}.${domain}`,
    alertEmail: required('ALERT_EMAIL'),
    api: oneOf('API', ['lambda', 'service'], settings.api),
    queue: readQueue(settings.queue),
    budgetUsd: kind === 'pull-request' ? undefined : readBudget(kind === 'dev' ? '150' : '1500'),
    passwordGeneration: environment['PASSWORD_GENERATION'] ?? '1',
    commit,
  };

  function required(setting: string): string {
    const value = environment[setting];
    if (!value) throw new Error(`${setting} must be set, for instance in .env.`);
    return value;
  }

  function oneOf<T extends string>(setting: string, values: readonly T[], otherwise: T): T {
    const value = environment[setting] ?? otherwise;
    const found = values.find((known) => known === value);
    if (!found) throw new Error(`${setting} must be ${values.join(' or ')}.`);
    return found;
  }

  function readBudget(otherwise: string): number {
    const value = environment['BUDGET_USD'] ?? otherwise;
    if (!/^\d+$/.test(value)) throw new Error('BUDGET_USD must be a number.');
    return Number(value);
  }

  function readQueue(otherwise: Stage['queue']): Stage['queue'] {
    const value = environment['QUEUE'];
    if (value === undefined) return otherwise;
    const plan = /^cloudamqp:([a-z0-9-]+)$/.exec(value)?.[1];
    if (plan === undefined) throw new Error('QUEUE must be cloudamqp:<plan>.');
    return { kind: 'cloudamqp', plan };
  }
}

function kindOf(name: string): 'production' | 'dev' | 'pull-request' {
  if (name === 'production' || name === 'dev') return name;
  if (/^pr-\d+$/.test(name)) return 'pull-request';
  throw new Error(`There is no stage "${name}": use production, dev or pr-<number>.`);
}

import { isAbsolute } from 'node:path';
import { z } from '@terse/platform/zod';

const SSL_MODES = new Set(['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full']);
const ENCRYPTING_SSL_MODES = new Set(['require', 'verify-ca', 'verify-full']);

export const LOCAL_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);

/** URL parameters of libpq and Prisma. The driver would send them as settings, and the server would refuse them. */
const FOREIGN_PARAMETERS: ReadonlyMap<string, string> = new Map([
  ['channel_binding', 'the driver has no channel binding; sslmode=verify-full proves who answers'],
  ['pgbouncer', 'DATABASE_PREPARE=off is for a pooler that keeps no prepared statements'],
  ['connection_limit', 'DATABASE_POOL_SIZE sets the number of connections'],
  ...[
    'gssencmode',
    'hostaddr',
    'keepalives',
    'keepalives_idle',
    'load_balance_hosts',
    'passfile',
    'pool_mode',
    'pool_timeout',
    'require_auth',
    'schema',
    'service',
    'socket_timeout',
    'ssl_min_protocol_version',
    'sslcert',
    'sslcrl',
    'sslkey',
    'sslsni',
    'statement_cache_size',
    'tcp_user_timeout',
  ].map((name) => [name, 'the driver does not know it'] as const),
]);

/**
 * The URL of a backing service with one of these schemes. `memory:` stands for the embedded one, as an absent setting
 * does.
 */
export function serviceUrl(...schemes: readonly string[]) {
  return z
    .string()
    .transform((text, context) => {
      if (text.startsWith('memory:')) return undefined;
      const faults = faultsOf(text, schemes);
      for (const message of faults) context.addIssue({ code: 'custom', message });
      return faults.length > 0 ? z.NEVER : new URL(text);
    })
    .optional();
}

/** Whether a URL leads to another host without encryption. */
export function isExposed(url: URL): boolean {
  return !isLocal(url) && !isEncrypted(url);
}

/** What is wrong with the escapes of a URL, in words that follow its setting. */
export function faultOfEscapes(url: URL): string | undefined {
  const isRight = [url.username, url.password, url.pathname].every(isPercentEncoded);
  return isRight ? undefined : 'must have user, password and path percent-encoded';
}

function faultsOf(text: string, schemes: readonly string[]): readonly string[] {
  if (!schemes.some((scheme) => text.startsWith(`${scheme}//`))) {
    return [`must begin with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`];
  }
  const url = URL.parse(text);
  if (!url) return ['must be a URL: user:password@host:port/path'];
  const faults = isPostgres(url) ? faultsOfPostgres(url) : isRedis(url) ? faultsOfRedis(url) : [];
  return [faultOfEscapes(url), ...faults].filter((fault) => fault !== undefined);
}

function faultsOfRedis({ pathname }: URL): readonly string[] {
  return /^(?:\/\d*)?$/.test(pathname) ? [] : ['must have the number of a database as its path, or none'];
}

function faultsOfPostgres({ searchParams }: URL): readonly string[] {
  const faults: string[] = [];
  const sslMode = searchParams.get('sslmode');
  if (sslMode !== null && !SSL_MODES.has(sslMode)) {
    faults.push(`must have one of these as sslmode: ${[...SSL_MODES].join(', ')}`);
  }
  for (const name of searchParams.keys()) {
    const reason = FOREIGN_PARAMETERS.get(name);
    if (reason !== undefined) faults.push(`must not have ${name}: ${reason}`);
  }
  const socketFolder = searchParams.get('host');
  if (socketFolder !== null && !isAbsolute(socketFolder)) {
    faults.push(
      'must have the path of a folder as its parameter host: the name of a server goes before the path',
    );
  }
  return faults;
}

function isPostgres({ protocol }: URL): boolean {
  return protocol === 'postgres:' || protocol === 'postgresql:';
}

function isRedis({ protocol }: URL): boolean {
  return protocol === 'redis:' || protocol === 'rediss:';
}

function isLocal(url: URL): boolean {
  return LOCAL_HOSTS.has(url.hostname) || (isPostgres(url) && url.searchParams.has('host'));
}

function isEncrypted(url: URL): boolean {
  if (isPostgres(url)) return ENCRYPTING_SSL_MODES.has(url.searchParams.get('sslmode') ?? '');
  return ['rediss:', 'https:', 'amqps:'].includes(url.protocol);
}

/** Whether each percent sign begins the code of a character. */
function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

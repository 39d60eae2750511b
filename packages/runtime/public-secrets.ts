import { LOCAL_HOSTS } from './parts-config.ts';

/** What stands in this repository for development, in `infra/local` and in Compose: everybody knows it. */
const PUBLIC = new Set([
  'local-development-key',
  'local-upstash-token',
  'local-postgres',
  'local-owner',
  'local-redirect',
  'local-links',
  'local-stats',
  'local-visit_writer',
  'local-counter_flush',
  'local-rabbitmq',
]);

/** What servers come with, and what is tried first. */
const GUESSED = new Set(['admin', 'changeme', 'guest', 'password', 'postgres', 'redis', 'secret', 'terse']);

type Settings = Readonly<Record<string, string | undefined>>;

/** Names each setting whose secret, or whose password, is one that others know; no value is shown. */
export function faultsOfSecrets(settings: Settings): string[] {
  return Object.entries(settings).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (PUBLIC.has(value)) return [`${name} is the public one for development: make another`];
    const url = /^[a-z]+:\/\//.test(value) ? URL.parse(value) : null;
    if (!url?.password) return [];
    const password = decode(url.password);
    if (PUBLIC.has(password)) return [`${name} has the public password for development: make another`];
    // RabbitMQ lets its first user in from the same host only, and so may others.
    if (LOCAL_HOSTS.has(url.hostname)) return [];
    const isGuessed = GUESSED.has(password.toLowerCase()) || password === decode(url.username);
    return isGuessed ? [`${name} has a password that is guessed at once: make another`] : [];
  });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

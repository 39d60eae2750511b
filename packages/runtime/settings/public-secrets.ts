import { LOCAL_HOSTS } from './service-url.ts';

/** The form of this repository's development secrets, in `infra/local` and Compose. */
const PUBLIC = /^local-[a-z_-]+$/;

/** Default passwords of servers, and the ones that are guessed first. */
const GUESSED = new Set(['admin', 'changeme', 'guest', 'password', 'postgres', 'redis', 'secret', 'terse']);

type Settings = Readonly<Record<string, string | undefined>>;

/** Names each setting whose secret or password is publicly known. Shows no value. */
export function faultsOfSecrets(settings: Settings): string[] {
  return Object.entries(settings).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (PUBLIC.test(value)) return [`${name} is the public one for development: make another`];
    const url = /^[a-z]+:\/\//.test(value) ? URL.parse(value) : null;
    if (!url?.password) return [];
    const password = decode(url.password);
    if (PUBLIC.test(password)) return [`${name} has the public password for development: make another`];
    // A default password is fine on this machine: RabbitMQ accepts `guest` from the same host only.
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

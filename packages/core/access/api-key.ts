import { createHash, randomBytes } from 'node:crypto';

/** The form of a key that Terse makes. */
const MADE_HERE = /^terse_[\w-]{43}$/;
const ID_LENGTH = 12;

/** A new key, of 256 random bits. */
export function makeApiKey(): string {
  return `terse_${randomBytes(32).toString('base64url')}`;
}

/** Whether a key has the form of those that Terse makes. */
export function isMadeHere(key: string): boolean {
  return MADE_HERE.test(key);
}

/** The hash under which a key is stored: SHA-256. A key is random, so it needs no slow hash. */
export function hashOfApiKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** The id of a key in lists: the beginning of its hash, from which nobody can guess the key. */
export function idOfApiKey(keyHash: string): string {
  return keyHash.slice(0, ID_LENGTH);
}

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

/** What is stored of a key: SHA-256, for a key is random, so no slow hash is needed. */
export function hashOfApiKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** What a key is called by where its name is not enough; says nothing about the key. */
export function idOfApiKey(keyHash: string): string {
  return keyHash.slice(0, ID_LENGTH);
}

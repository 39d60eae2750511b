import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PRIVATE_FILE } from '@terse/platform/make-directory';
import { syncDirectory } from '@terse/platform/sync';
import { connect } from './connect.ts';
import type { Identity } from './identity.ts';

/** Which clients the server lets in, and how: https://www.postgresql.org/docs/18/auth-pg-hba-conf.html. */
const BY_PASSWORD = 'local all all scram-sha-256\n';
const WITHOUT_PASSWORD = 'local all all trust\n';
const PASSWORD_BYTES = 32;
/** The form of these bytes in base64url. */
const PASSWORD = /^[\w-]{43}$/;

const passwordFile = (directory: string) => join(directory, 'password');
const accessFile = (cluster: string) => join(cluster, 'pg_hba.conf');

/** The password of the server; `undefined` before it is set, and when only a part of its file was copied. */
export function readPassword(directory: string): string | undefined {
  if (!existsSync(passwordFile(directory))) return undefined;
  const text = readFileSync(passwordFile(directory), 'utf8');
  return PASSWORD.test(text) ? text : undefined;
}

/** When a copy has lost the password, lets the user of the cluster in without it, until `protect` sets a new one. */
export function openWithoutPassword(
  directory: string,
  cluster: string,
  identity: Identity | undefined,
): void {
  if (readPassword(directory) === undefined) replace(accessFile(cluster), WITHOUT_PASSWORD, identity);
}

/**
 * Sets a password on a running server that asks for none, and lets nobody in without it. After an interruption, the
 * next start does it again.
 */
export async function protect(
  directory: string,
  cluster: string,
  urlWith: (password: string) => string,
  identity: Identity | undefined,
): Promise<void> {
  if (readFileSync(accessFile(cluster), 'utf8') === BY_PASSWORD) return;
  const password = randomBytes(PASSWORD_BYTES).toString('base64url');
  const sql = connect(urlWith(password));
  try {
    replace(passwordFile(directory), password, undefined);
    syncDirectory(directory);
    await sql.unsafe(`alter role current_user password '${password}'`);
    replace(accessFile(cluster), BY_PASSWORD, identity);
    syncDirectory(cluster);
    await sql`select pg_reload_conf()`;
  } finally {
    await sql.end();
  }
}

function replace(path: string, text: string, owner: Identity | undefined): void {
  const next = `${path}.new`;
  writeFileSync(next, text, { mode: PRIVATE_FILE, flush: true });
  if (owner) chownSync(next, owner.uid, owner.gid);
  renameSync(next, path);
}

import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { type Kysely, sql } from 'kysely';

/** The credentials and limits with which a process logs in. */
export interface Login {
  readonly name: string;
  readonly password: string;
  /** The group role whose rights it has (`migrations/0001-baseline-roles.ts`). */
  readonly role: string;
  /** How long the server may work on one statement of this login. */
  readonly statementTimeoutMs: number;
}

/** An arbitrary number. It keeps processes from changing one role at the same time, which is an error. */
const LOCK = 7_305_807;

/** Makes each login or updates its password, with the rights of its role and its time limits. */
export async function ensureLogins<T>(db: Kysely<T>, logins: readonly Login[]): Promise<void> {
  if (logins.length === 0) return;
  await db.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(${sql.lit(LOCK)})`.execute(transaction);
    for (const { name, password, role, statementTimeoutMs } of logins) {
      const { rows } = await sql`select from pg_roles where rolname = ${name}`.execute(transaction);
      if (rows.length === 0) await sql`create role ${sql.id(name)}`.execute(transaction);
      await sql`alter role ${sql.id(name)} login password ${sql.lit(scramVerifier(password))}`.execute(
        transaction,
      );
      await sql`grant ${sql.id(role)} to ${sql.id(name)}`.execute(transaction);
      // Set on the login, because a group role passes no settings on, and poolers refuse them as start-up parameters.
      for (const setting of ['statement_timeout', 'idle_in_transaction_session_timeout']) {
        await sql`alter role ${sql.id(name)} set ${sql.id(setting)} = ${sql.lit(statementTimeoutMs)}`.execute(
          transaction,
        );
      }
    }
  });
}

const ITERATIONS = 4096;

/** What PostgreSQL stores of a password (RFC 5803). Made here, so that no statement has the password in a log. */
export function scramVerifier(password: string, salt = randomBytes(16)): string {
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, ITERATIONS, 32, 'sha256');
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest();
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64');
  const serverKey = hmac('Server Key').toString('base64');
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}

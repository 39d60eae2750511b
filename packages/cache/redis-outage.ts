import { DomainError } from '@terse/core/errors';

/** Answers of a server that cannot run any command right now. */
const CANNOT_SERVE = /^(LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|READONLY|NOREPLICAS|MISCONF|OOM)\b/;

/**
 * Runs a command.
 * @throws DomainError `unavailable` when the server does not answer, or can run no command; else the server's error.
 */
export async function tellOutages(
  command: Promise<unknown>,
  isReply: (error: unknown) => boolean,
  onOutage: (error: unknown) => void = () => {},
): Promise<unknown> {
  try {
    return await command;
  } catch (cause) {
    if (isReply(cause) && cause instanceof Error && !CANNOT_SERVE.test(cause.message)) throw cause;
    onOutage(cause);
    throw new DomainError('unavailable', 'Redis does not answer.', [], { cause });
  }
}

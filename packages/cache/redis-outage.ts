import { DomainError } from '@terse/core/errors';

/** What a server answers that has no complaint about the command, but cannot serve any right now. */
const CANNOT_SERVE = /^(LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|READONLY|NOREPLICAS|MISCONF|OOM)\b/;

/**
 * Runs a command.
 * @throws DomainError `unavailable` when the server does not answer it, or serves nobody; else what the server said.
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

import { userInfo } from 'node:os';

/**
 * Why the system refuses: https://man7.org/linux/man-pages/man3/errno.3.html and https://www.sqlite.org/rescode.html.
 */
export const REASONS: Readonly<Record<string, string>> = {
  EROFS: 'its file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'it is not a folder',
  ENAMETOOLONG: 'its path is too long',
  ELOOP: 'its links lead in a circle',
  EIO: 'the disk does not answer',
  SQLITE_8: 'its file system is read-only',
  SQLITE_13: 'the disk is full',
};

/** An error whose cause says in our words why the system refused a folder or a file. */
export function refusal(message: string, error: unknown, reasons = REASONS): Error {
  const reason = reasonOf(error, reasons);
  return new Error(message, { cause: reason === undefined ? error : new Error(reason) });
}

function reasonOf(error: unknown, reasons: typeof REASONS): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = 'errcode' in error ? `SQLITE_${String(error.errcode)}` : 'code' in error && String(error.code);
  if (code === 'EACCES' || code === 'EPERM') return `${thisUser()} has no permission`;
  return reasons[code || ''];
}

function thisUser(): string {
  try {
    return `the user ${userInfo().username}`;
  } catch {
    // The system has no name for it.
    return `the user ${process.getuid?.()}`;
  }
}

import { execFileSync } from 'node:child_process';

/**
 * Returns the checked-out commit, or the one that `COMMIT` names where there is no git.
 * @throws Error when files differ from the commit, whose name an image would carry.
 */
export function readCommit(environment: Readonly<Record<string, string | undefined>>, root: string): string {
  const given = environment['COMMIT'];
  if (given) return given;
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  if (git('status', '--porcelain') !== '') {
    throw new Error('Commit first: images are named after the commit.');
  }
  return git('rev-parse', '--short=12', 'HEAD');
}

import { execFileSync } from 'node:child_process';

/**
 * The commit that is checked out, or the one that `COMMIT` names where there is no git.
 * @throws Error when files differ from it: an image would carry the name of something else.
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

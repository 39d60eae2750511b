import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Runs after `npm ci` on the Node of npm: plain JavaScript, no newer than Node 20.

const root = fileURLToPath(new URL('..', import.meta.url));
const modules = join(root, 'node_modules');
const packaged = join(modules, `node-${process.platform}-${process.arch}`, 'bin', 'node');
const link = join(modules, '.bin', 'node');

// npm 10 removes this symbolic link with the package of the other processor, whose link has the same name.
if (existsSync(packaged) && !existsSync(link)) {
  mkdirSync(join(modules, '.bin'), { recursive: true });
  symlinkSync(join('..', `node-${process.platform}-${process.arch}`, 'bin', 'node'), link);
}

const node = existsSync(packaged) ? packaged : process.execPath;
execFileSync(node, [join(root, 'packages', 'embedded-postgres', 'link-libraries.ts')], { stdio: 'inherit' });

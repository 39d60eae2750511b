import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const PACKAGE = `node-${process.platform}-${process.arch}`;

test.runIf(process.platform === 'linux')(
  'gives npm scripts the Node of the project when npm has made no symbolic link to it',
  () => {
    const root = mkdtempSync(join(tmpdir(), 'terse-install-'));
    onTestFinished(() => rmSync(root, { recursive: true }));
    for (const folder of ['infra', 'node_modules']) mkdirSync(join(root, folder));
    writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
    cpSync('infra/after-install.js', join(root, 'infra', 'after-install.js'));
    symlinkSync(resolve('packages'), join(root, 'packages'));
    symlinkSync(resolve('node_modules', PACKAGE), join(root, 'node_modules', PACKAGE));
    for (const _time of ['first', 'again']) {
      execFileSync(process.execPath, [join(root, 'infra', 'after-install.js')], { stdio: 'inherit' });
    }
    const node = join(root, 'node_modules', '.bin', 'node');
    expect(execFileSync(node, ['--version'], { encoding: 'utf8' })).toMatch(/^v24\./);
  },
);

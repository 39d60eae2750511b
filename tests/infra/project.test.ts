import { globSync, readFileSync } from 'node:fs';
import { readConfig } from '@terse/runtime/settings/config';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { MANIFESTS } from '../../functions/manifests.ts';

const read = (path: string) => readFileSync(path, 'utf8');
const packageOf = (path: string) =>
  JSON.parse(read(path)) as {
    readonly version?: string;
    readonly optionalDependencies?: Readonly<Record<string, string>>;
  };
const release = packageOf('package.json');

interface Composition {
  readonly services: Readonly<
    Record<
      string,
      { readonly image?: string; readonly environment?: Readonly<Record<string, string>> } | undefined
    >
  >;
}
const compositionOf = (path: string) => parse(read(path), { merge: true }) as Composition;

test('only the root package.json has the version, and the changelog has its release', () => {
  const others = globSync('{packages,functions}/*/package.json').concat('infra/package.json');
  expect(others.length).toBeGreaterThan(20);
  expect(others.filter((path) => packageOf(path).version !== undefined)).toEqual([]);
  const [next, latest] = Array.from(read('CHANGELOG.md').matchAll(/^## (\S+)/gm), ([, heading]) => heading);
  expect(next).toBe('Unreleased');
  expect([undefined, release.version]).toContain(latest);
});

test('everything runs on the same major version of Node', () => {
  const major = read('.node-version').trim();
  const images = ['Dockerfile', '.devcontainer/compose.yml'].flatMap((path) =>
    Array.from(read(path).matchAll(/\bnode:([\w.]+)-/g), ([, tag = '']) => tag),
  );
  const packaged = Object.entries(release.optionalDependencies ?? {})
    .filter(([name]) => name.startsWith('node-'))
    .map(([, version]) => version);
  expect(images.length).toBeGreaterThan(1);
  expect(packaged.length).toBeGreaterThan(1);
  for (const version of [...images, ...packaged]) expect(version.split('.')[0]).toBe(major);
});

test('the devcontainer has the servers of Compose, and npm start uses all three', () => {
  const { services } = compositionOf('.devcontainer/compose.yml');
  const local = compositionOf('compose.local.yml').services;
  for (const name of ['postgres', 'redis', 'rabbitmq']) {
    expect(services[name]?.image).toBe(local[name]?.image);
  }
  const { database, store, queue } = readConfig(MANIFESTS.standalone, services['terse']?.environment ?? {});
  expect([database.kind, store.kind, queue.kind]).toEqual(['postgres', 'redis', 'rabbitmq']);
});

test('each push and pull request runs .ci/run on x64 and on arm64', () => {
  const { on, jobs } = parse(read('.github/workflows/check.yml')) as {
    readonly on: object;
    readonly jobs: { readonly run: { readonly strategy: { readonly matrix: { readonly runner: unknown } } } };
  };
  expect(Object.keys(on)).toEqual(['push', 'pull_request']);
  expect(jobs.run.strategy.matrix.runner).toEqual(['ubuntu-24.04', 'ubuntu-24.04-arm']);
  expect(JSON.stringify(jobs)).toContain('bash .ci/run');
});

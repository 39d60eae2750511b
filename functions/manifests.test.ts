import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RESERVED_CODES } from '@terse/core/links/short-code';
import { type FunctionManifest, originSetting } from '@terse/platform/function-manifest';
import { describe, expect, test } from 'vitest';
import { MANIFESTS, PRODUCT_FUNCTIONS } from './manifests.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

const ALL: readonly FunctionManifest[] = Object.values(MANIFESTS);
const { gateway, migrate, standalone } = MANIFESTS;
const SERVING: readonly FunctionManifest[] = PRODUCT_FUNCTIONS.map((name) => MANIFESTS[name]);
const namesOf = (manifests: readonly FunctionManifest[]) => manifests.map(({ name }) => name).toSorted();

test('every manifest is in the list, under the name of its folder', () => {
  const folders = readdirSync(import.meta.dirname).filter((name) =>
    existsSync(join(import.meta.dirname, name, 'manifest.ts')),
  );
  expect(Object.keys(MANIFESTS).toSorted()).toEqual(folders.toSorted());
  for (const [name, manifest] of Object.entries(MANIFESTS)) expect(manifest.name).toBe(name);
});

test('the migrations make the login of every function with a database role', () => {
  expect(namesOf(migrate.makesLoginsOf)).toEqual(namesOf(ALL.filter(({ databaseRole }) => databaseRole)));
});

test('the gateway forwards to every function with routes, and each route belongs to one', () => {
  expect(namesOf(gateway.forwardsTo)).toEqual(namesOf(ALL.filter(({ routes }) => routes)));
  const routes = gateway.forwardsTo.flatMap(({ routes }) => [...routes]);
  expect(new Set<string>(routes).size).toBe(routes.length);
});

test('no short code is routed to another function', () => {
  const words = gateway.forwardsTo.flatMap(({ routes }) =>
    routes.map((route) => /^\/([\w-]+)(?:\/\*)?$/.exec(route)?.[1]),
  );
  const taken = words.filter((word) => word !== undefined);
  expect(taken).toContain('api');
  for (const word of taken) expect(RESERVED_CODES).toContain(word);
});

test('every image listens at the ports of the standalone process', () => {
  const dockerfile = read('Dockerfile').replaceAll('\\\n', ' ');
  const { port, internal } = standalone.ports;
  expect(dockerfile).toMatch(new RegExp(`^ENV .* PORT=${port} .* INTERNAL_PORT=${internal}$`, 'm'));
  expect(dockerfile).toMatch(new RegExp(`^EXPOSE ${port} ${internal}$`, 'm'));
  expect(dockerfile).toContain(` AWS_LWA_PORT=${port} `);
  expect(dockerfile).toContain(` AWS_LWA_READINESS_CHECK_PORT=${internal} `);
});

describe('the README', () => {
  const page = read('README.md').replaceAll(/\s+/g, ' ');
  const rows = read('README.md').matchAll(/^\| `([a-z-]+)` +\| `(\d+)` \| (.*?) *\|$/gm);
  const told = new Map(
    Array.from(rows, ([, name = '', port, settings = '']) => [name, { port: Number(port), settings }]),
  );

  test('lists the needs and default ports of each function', () => {
    expect([...told.keys()].toSorted()).toEqual(PRODUCT_FUNCTIONS);
    const leadingTo = { database: 'DATABASE_URL', store: 'REDIS_URL', queue: 'RABBITMQ_URL' };
    for (const { name, ports, needs, requires = {}, forwardsTo = [], readsReplica } of SERVING) {
      const settings = [
        ...needs.map((need) => leadingTo[need]),
        ...(readsReplica ? ['DATABASE_READ_URL'] : []),
        ...Object.keys(requires),
        ...forwardsTo.map(originSetting),
      ];
      const row = told.get(name);
      const named = Array.from((row?.settings ?? '').matchAll(/`(\w+)`/g), ([, setting = '']) => setting);
      const others = named.filter((setting) => setting !== 'ADMIN_API_KEY');
      expect([name, row?.port, ...others.toSorted()]).toEqual([name, ports?.port, ...settings.toSorted()]);
    }
    const internal = SERVING.map(({ ports }) => Number(ports?.internal));
    expect(page).toContain(`take ${Math.min(...internal)} to ${Math.max(...internal)} |`);
  });

  test('says how to start each', () => {
    const [, started = ''] = /npm start -w functions\/redirect # or ([^;]*);/.exec(page) ?? [];
    expect(['redirect', ...started.split(', ')].toSorted()).toEqual(PRODUCT_FUNCTIONS);
  });

  test('names the group role of each', () => {
    for (const { databaseRole } of migrate.makesLoginsOf) expect(page).toContain(`\`${databaseRole}\``);
  });
});

test('the page about deploying sets the statement time-out of each login that is made by hand', () => {
  const page = read('docs/deploy.md');
  for (const { name, statementTimeoutMs } of migrate.makesLoginsOf) {
    const login = `${name.replaceAll('-', '_')}_login`;
    expect(page).toContain(`alter role ${login} set statement_timeout = '${statementTimeoutMs / 1000}s';`);
  }
});

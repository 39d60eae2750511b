import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from './config.ts';
import { MANIFESTS } from '../../../functions/manifests.ts';
import { originsAt } from '../../../functions/test-origins.ts';

const KEY = 'a-key-of-24-characters!!';
const ROOT = join(import.meta.dirname, '../../..');

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'terse-settings-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function file(content: string | Uint8Array): string {
  const path = join(directory, 'setting');
  writeFileSync(path, content);
  return path;
}

describe.each([
  ['in the environment', (key: string) => ({ ADMIN_API_KEY: key })],
  ['in a file', (key: string) => ({ ADMIN_API_KEY_FILE: file(key) })],
  ['in a file with line ends', (key: string) => ({ ADMIN_API_KEY_FILE: file(`${key}\r\n\n`) })],
])('a key %s', (_where, settings) => {
  test.each([
    ['blanks', ' '.repeat(24)],
    ['tabs', '\t'.repeat(24)],
    ['padding before it', ` ${KEY}`],
    ['padding after it', `${KEY} `],
    ['a non-breaking space', `${KEY}\u00a0`],
    ['umlauts', 'schlüssel-mit-umlauten'],
    ['an emoji', `${KEY}🔑`],
    ['a byte order mark', `\ufeff${KEY}`],
    ['a line end inside', `${KEY}\n${KEY}`],
    ['a control character', `${KEY}\u007f`],
    ['too little', 'x'.repeat(15)],
    ['too much', 'x'.repeat(257)],
  ])('with %s is refused by name', (_name, key) => {
    const read = () => readConfig(MANIFESTS.standalone, settings(key));
    expect(read).toThrow('ADMIN_API_KEY must have 16 to 256 visible ASCII characters, without spaces');
    expect(read).not.toThrow(KEY);
  });

  test('that callers can send is taken as it is', () => {
    const visible = String.fromCharCode(...Array.from({ length: 94 }, (_, index) => 0x21 + index));
    for (const key of [KEY, visible]) {
      expect(readConfig(MANIFESTS.standalone, settings(key)).adminApiKey).toBe(key);
    }
  });
});

test.each([
  ['is empty', ''],
  ['is empty', '\r\n\n'],
])('a file that %s is named', (fault, content) => {
  const settings = { ADMIN_API_KEY_FILE: file(content) };
  expect(() => readConfig(MANIFESTS.standalone, settings)).toThrow(
    `ADMIN_API_KEY_FILE names a file that ${fault}`,
  );
});

test('a token that no header can carry is refused by name', () => {
  const settings = { REDIS_URL: 'https://redis.example', UPSTASH_REDIS_REST_TOKEN: 'tökén' };
  expect(() => readConfig(MANIFESTS.standalone, settings)).toThrow(
    'UPSTASH_REDIS_REST_TOKEN must be visible ASCII',
  );
});

test.each([
  ['DATABASE_URL', 'postgres://u:%zz@h/d'],
  ['DATABASE_URL', 'postgres://h:99999/d'],
  ['DATABASE_URL', 'postgres://h/d?sslmode=on'],
  ['REDIS_URL', 'redis://h/first'],
  ['REDIS_URL', 'redis://:%zz@h'],
  ['RABBITMQ_URL', 'amqp://h/%zz'],
  ['BASE_URL', 'https://user:password@go.example'],
  ['LINKS_ORIGIN', 'http://links.internal/base'],
  ['STATS_ORIGIN', 'http://user:password@stats.internal'],
  ['LINKS_DATABASE_URL', 'postgres://%zz:password@h/d'],
  ['LINKS_DATABASE_URL', 'postgres://u:p@h:99999/d'],
])('%s=%s is refused by name, before its client refuses it', (setting, url) => {
  const { gateway, migrate, standalone } = MANIFESTS;
  const isOrigin = setting.endsWith('_ORIGIN');
  const manifest = isOrigin ? gateway : setting === 'LINKS_DATABASE_URL' ? migrate : standalone;
  const read = () =>
    readConfig(manifest, { DATABASE_URL: 'postgres://h/d', ...originsAt('http://h'), [setting]: url });
  expect(read).toThrow(new RegExp(`^These settings are wrong:\\n {2}${setting} must [^\\n]*$`));
});

test('folders are those of the project, wherever a function is started', () => {
  const config = readConfig(MANIFESTS.standalone, {});
  expect(existsSync(join(ROOT, 'sst.config.ts'))).toBe(true);
  expect(config.dataDirectory).toBe(join(ROOT, '.data'));
  expect(config.journal?.directory).toBe(join(ROOT, '.data/journal'));
  const real = { DATABASE_URL: 'postgres://h/d', REDIS_URL: 'redis://h', RABBITMQ_URL: 'amqp://h' };
  // In one folder, it would publish visits of the embedded database to RabbitMQ.
  expect(readConfig(MANIFESTS.redirect, real).journal?.directory).toBe(join(ROOT, '.data/redirect/journal'));
  const relative = readConfig(MANIFESTS.standalone, { DATA_DIR: 'a', JOURNAL_DIR: '../b' });
  expect([relative.dataDirectory, relative.journal?.directory]).toEqual([
    join(ROOT, 'a'),
    join(ROOT, '../b'),
  ]);
  const absolute = readConfig(MANIFESTS.standalone, { DATA_DIR: '/a', JOURNAL_DIR: '/b' });
  expect([absolute.dataDirectory, absolute.journal?.directory]).toEqual(['/a', '/b']);
  expect(readConfig(MANIFESTS.standalone, { JOURNAL_DIR: 'none' }).journal).toBeUndefined();
});

test('refuses a journal in a folder that the database needs alone', () => {
  for (const folder of ['/a', '/a/', '/a/postgres', '/a/postgres/cluster/x', '/a/b/../postgres']) {
    expect(() => readConfig(MANIFESTS.standalone, { DATA_DIR: '/a', JOURNAL_DIR: folder })).toThrow(
      'JOURNAL_DIR',
    );
  }
  for (const folder of ['/a/journal', '/a/postgres-journal', '/', '/b/postgres']) {
    expect(readConfig(MANIFESTS.standalone, { DATA_DIR: '/a', JOURNAL_DIR: folder }).journal?.directory).toBe(
      folder,
    );
  }
});

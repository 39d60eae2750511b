import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { localUrl } from './address-settings.ts';
import { ConfigError, readConfig } from './config.ts';
import { type FunctionName, MANIFESTS } from '../../../functions/manifests.ts';
import { originsAt } from '../../../functions/test-origins.ts';

const SERVING = Object.values(MANIFESTS)
  .filter((manifest) => 'ports' in manifest)
  .map(({ name }) => name);
const NEEDED = {
  DATABASE_URL: 'postgres://h/d',
  REDIS_URL: 'redis://h',
  RABBITMQ_URL: 'amqp://h',
  BASE_URL: 'https://go.example',
  ...originsAt('http://h'),
};

function faultsOf(name: FunctionName, environment: Record<string, string>): string {
  try {
    readConfig(MANIFESTS[name], { ...NEEDED, ...environment });
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return '';
}

describe.each(['HOST', 'INTERNAL_HOST'])('%s', (setting) => {
  test.each([
    '127.0.0.1',
    '0.0.0.0',
    '::',
    '::1',
    '0::0',
    'fe80::1%eth0',
    '::ffff:127.0.0.1',
    'localhost',
    'LOCALHOST.',
    'a_b.internal',
    '1and1.example',
  ])('may be %s, for every function', (host) => {
    for (const name of SERVING) expect(faultsOf(name, { [setting]: host })).toBe('');
  });

  test.each([
    '999.1.1.1',
    '1.2.3',
    '127.0.0.1.',
    '0',
    '[::1]',
    ':::1',
    'localhost:80',
    'http://h',
    'a b',
    ' ::1',
    '-a',
    'a..b',
    'zürich.example',
    '*',
    'x.0x1',
    'xn--',
    `${'a'.repeat(64)}.example`,
  ])('must not be %j, for any function', (host) => {
    for (const name of SERVING) {
      expect(faultsOf(name, { [setting]: host })).toBe(
        `These settings are wrong:\n  ${setting} must be an IP address, without brackets, or a host name`,
      );
    }
  });
});

test('any text as a host is taken, or refused by name', () => {
  const text = fc.oneof(
    fc.string({ minLength: 1 }),
    fc.ipV4(),
    fc.ipV6(),
    fc.domain(),
    fc.stringMatching(/^[\d.:a-fx%-]{1,20}$/),
  );
  fc.assert(
    fc.property(text, text, (HOST, INTERNAL_HOST) => {
      const faults = faultsOf('standalone', { HOST, INTERNAL_HOST, BASE_URL: '' });
      expect(faults).toMatch(
        /^(?:These settings are wrong:(?:\n {2}(?:INTERNAL_HOST|HOST|BASE_URL) must be .*)+)?$/,
      );
    }),
  );
});

test.each([
  ['127.0.0.1', 'http://127.0.0.1:81'],
  ['::1', 'http://[::1]:81'],
  ['go.internal', 'http://go.internal:81'],
  ['::', 'http://localhost:81'],
  ['0::0', 'http://localhost:81'],
  ['0.0.0.0', 'http://localhost:81'],
  ['::ffff:0.0.0.0', 'http://localhost:81'],
])('short URLs of a process that listens at %s begin with %s', (host, origin) => {
  expect(localUrl(host, 81).origin).toBe(origin);
  expect(readConfig(MANIFESTS.standalone, { HOST: host, PORT: '81' }).baseUrl.origin).toBe(origin);
});

test('an address with a zone, which no URL can hold, needs a BASE_URL', () => {
  const { BASE_URL, ...needed } = NEEDED;
  const settings = { ...needed, HOST: 'fe80::1%eth0' };
  expect(() => readConfig(MANIFESTS.standalone, settings)).toThrow('BASE_URL must be set');
  expect(readConfig(MANIFESTS.standalone, { ...settings, BASE_URL }).baseUrl.href).toBe(
    'https://go.example/',
  );
});

test('every function has different ports, so that all run side by side with nothing set', () => {
  const together = SERVING.filter((name) => name !== 'standalone');
  const ports = together.flatMap((name) => {
    const { port, internalPort } = readConfig(MANIFESTS[name], NEEDED);
    return [port, internalPort];
  });
  expect(new Set(ports).size).toBe(2 * together.length);
  expect(readConfig(MANIFESTS.gateway, NEEDED).port).toBe(8080);
});

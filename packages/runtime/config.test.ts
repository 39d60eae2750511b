import { expect, test } from 'vitest';
import { ConfigError, readConfig } from './config.ts';

test('starts with nothing set', () => {
  expect(readConfig({})).toMatchObject({
    host: '127.0.0.1',
    port: 8080,
    visitorIp: 'anonymized',
    trustedProxyHops: 0,
  });
});

test('takes what is set, and an empty variable for one that is not', () => {
  const config = readConfig({
    PORT: '9000',
    BASE_URL: 'https://go.example',
    VISITOR_IP: '',
    LOG_LEVEL: 'warn',
  });
  expect(config).toMatchObject({ port: 9000, visitorIp: 'anonymized', logLevel: 'warn' });
  expect(config.baseUrl?.href).toBe('https://go.example/');
});

test('names every fault at once and shows no value', () => {
  const environment = {
    PORT: '80a80',
    BASE_URL: 'ftp://secret-host/',
    ADMIN_API_KEY: 'too-short',
    VISITOR_IP: 'everything',
    TRUSTED_PROXY_HOPS: '-1',
    COUNTRY_HEADER: 'a b',
    COUNTER_FLUSH_SECONDS: '0',
    VISIT_BATCH_WAIT_MS: '1e9',
    LOG_LEVEL: 'loud',
  };
  const error = catchError(() => readConfig(environment));
  expect(error).toBeInstanceOf(ConfigError);
  const message = String(error);
  for (const [name, value] of Object.entries(environment)) {
    expect(message).toContain(name);
    expect(message).not.toContain(` ${value}`);
  }
  expect(message).not.toContain('secret-host');
  expect(message).not.toContain('too-short');
});

test.each(['https://go.example/path', 'https://go.example/?a', 'go.example'])(
  'refuses %s as the base of short URLs',
  (url) => {
    expect(() => readConfig({ BASE_URL: url })).toThrow('BASE_URL');
  },
);

function catchError(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { takeSecretSettings } from './secret-settings.ts';

const ARN = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:links-a1B2c3';

let server: Server;
let environment: Record<string, string | undefined>;
const asked: { readonly id: unknown; readonly signature: string | undefined }[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { SecretId } = JSON.parse(body) as { SecretId: string };
      asked.push({ id: SecretId, signature: request.headers.authorization });
      const found = SecretId === ARN && request.headers['x-amz-target'] === 'secretsmanager.GetSecretValue';
      response.statusCode = found ? 200 : 400;
      const secret = JSON.stringify({ url: 'postgres://links_login:pw@db/terse', username: 'links_login' });
      response.end(
        JSON.stringify(found ? { SecretString: secret } : { __type: 'ResourceNotFoundException' }),
      );
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
});
afterAll(() => server.close());

beforeEach(() => {
  asked.length = 0;
  environment = {
    AWS_ACCESS_KEY_ID: 'id',
    AWS_SECRET_ACCESS_KEY: 'key',
    AWS_SESSION_TOKEN: 'token',
    AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  };
});

test('sets each variable that refers to a secret, and asks for each secret once', async () => {
  environment['DATABASE_URL_SECRET'] = `${ARN}:url::`;
  environment['DATABASE_USER_SECRET'] = `${ARN}:username::`;
  environment['LOG_LEVEL'] = 'warn';
  expect(await takeSecretSettings(environment)).toEqual(['DATABASE_URL', 'DATABASE_USER']);
  expect(environment).toMatchObject({
    DATABASE_URL: 'postgres://links_login:pw@db/terse',
    DATABASE_USER: 'links_login',
    LOG_LEVEL: 'warn',
  });
  expect(asked).toEqual([
    {
      id: ARN,
      signature: expect.stringMatching(
        /^AWS4-HMAC-SHA256 Credential=id\/\d{8}\/eu-central-1\/secretsmanager\//,
      ),
    },
  ]);
});

test('leaves a variable alone that does not refer to Secrets Manager', async () => {
  environment['CLIENT_SECRET'] = 'hunter2';
  expect(await takeSecretSettings(environment)).toEqual([]);
  expect(environment['CLIENT']).toBeUndefined();
});

test.each([
  [`${ARN}:password::`, 'no field "password"'],
  [`${ARN.replace('links', 'other')}:url::`, 'ResourceNotFoundException'],
])('says which setting cannot be read, and why: %s', async (reference, reason) => {
  environment['DATABASE_URL_SECRET'] = reference;
  const taking = takeSecretSettings(environment);
  await expect(taking).rejects.toThrow('DATABASE_URL_SECRET names a secret that cannot be read.');
  await expect(taking).rejects.toMatchObject({ cause: { message: expect.stringContaining(reason) } });
});

test('asks at AWS_ENDPOINT_URL when Secrets Manager has no address', async () => {
  environment['AWS_ENDPOINT_URL'] = environment['AWS_ENDPOINT_URL_SECRETS_MANAGER'];
  environment['AWS_ENDPOINT_URL_SECRETS_MANAGER'] = '';
  environment['DATABASE_URL_SECRET'] = `${ARN}:url::`;
  expect(await takeSecretSettings(environment)).toEqual(['DATABASE_URL']);
});

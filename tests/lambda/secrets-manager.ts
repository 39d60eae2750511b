import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SecretsManager {
  /** Settings with which a function finds it and logs in. */
  readonly settings: Readonly<Record<string, string>>;
  /** Returns the reference to a field of a secret. */
  reference(secret: string, field: string): string;
  close(): void;
}

const ARN = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:';

/** Answers GetSecretValue with these secrets, and an unknown one as AWS does. */
export async function startSecretsManager(
  secrets: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Promise<SecretsManager> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { SecretId } = JSON.parse(body) as { SecretId: string };
      const secret = secrets[SecretId.replace(ARN, '')];
      response.statusCode = secret ? 200 : 400;
      response.end(
        JSON.stringify(
          secret ? { SecretString: JSON.stringify(secret) } : { __type: 'ResourceNotFoundException' },
        ),
      );
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    settings: {
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'key',
      AWS_SESSION_TOKEN: 'token',
      AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://127.0.0.1:${port}`,
    },
    reference: (secret, field) => `${ARN}${secret}:${field}::`,
    close: () => server.close(),
  };
}

import { AwsClient } from 'aws4fetch';

type Environment = Readonly<Record<string, string | undefined>>;

const SERVICES = { secretsmanager: 'SECRETS_MANAGER', scheduler: 'SCHEDULER' } as const;
type AwsService = keyof typeof SERVICES;

const TIMEOUT_MS = 5000;

/** An answer of AWS other than 2xx. The message has the answer, which names the resource and the role. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly status: number;

  constructor(service: string, status: number, body: string) {
    super(`${service} answered ${status}: ${body}`);
    this.status = status;
  }
}

export interface AwsRequest {
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/**
 * Sends a signed request to a service of AWS, or to `AWS_ENDPOINT_URL_<SERVICE>` or `AWS_ENDPOINT_URL`, with the
 * credentials of the environment. Returns the JSON of the answer.
 * @throws AwsError when the service refuses it, and Error when there is no answer within 5 seconds.
 */
export async function askAws(
  service: AwsService,
  { method = 'POST', path = '/', headers = {}, body }: AwsRequest,
  environment: Environment = process.env,
  region = regionOf(environment),
): Promise<unknown> {
  const aws = new AwsClient({
    accessKeyId: environment['AWS_ACCESS_KEY_ID'] ?? '',
    secretAccessKey: environment['AWS_SECRET_ACCESS_KEY'] ?? '',
    ...(environment['AWS_SESSION_TOKEN'] && { sessionToken: environment['AWS_SESSION_TOKEN'] }),
    service,
    region,
    retries: 3,
  });
  const endpoint =
    environment[`AWS_ENDPOINT_URL_${SERVICES[service]}`] ||
    environment['AWS_ENDPOINT_URL'] ||
    `https://${service}.${region}.amazonaws.com`;
  const response = await aws.fetch(new URL(path, endpoint), {
    method,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  if (!response.ok) throw new AwsError(service, response.status, text);
  return text === '' ? {} : JSON.parse(text);
}

/** Runs one action of Secrets Manager. */
export function askSecretsManager(
  action: string,
  body: unknown,
  environment?: Environment,
  region?: string,
): Promise<unknown> {
  const headers = {
    'Content-Type': 'application/x-amz-json-1.1',
    'X-Amz-Target': `secretsmanager.${action}`,
  };
  return askAws('secretsmanager', { headers, body }, environment, region);
}

/** The default region of requests. */
export function regionOf(environment: Environment = process.env): string {
  return environment['AWS_REGION'] ?? '';
}

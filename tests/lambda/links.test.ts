import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { describeOnRealServices } from '../on-real-services.ts';
import { API_KEY, type LambdaDeployment, openLambdaDeployment } from './lambda-deployment.ts';

describeOnRealServices('the API on AWS Lambda', (services) => {
  let deployment: LambdaDeployment;
  beforeAll(async () => {
    deployment = await openLambdaDeployment(services, 'links');
  });
  afterAll(() => deployment.close());
  afterEach(() => deployment.stop());

  const start = (secret: string, field: string) =>
    deployment.start('links', {
      BASE_URL: 'https://go.example',
      DATABASE_URL_SECRET: deployment.secrets.reference(secret, field),
      ADMIN_API_KEY_SECRET: deployment.secrets.reference('admin', 'key'),
      ...deployment.store(),
      AWS_LWA_ERROR_STATUS_CODES: '599',
    });

  test('answers a caller behind a load balancer, errors included', async () => {
    const links = await start('links', 'url');
    const create = (key: string) =>
      links.request('/api/v1/links', {
        method: 'POST',
        headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ original_url: 'https://example.com/summer' }),
      });
    expect((await create('wrong-key-0123456789')).status).toBe(401);
    expect((await create(API_KEY)).status).toBe(201);
  });

  test('starts while the database is down, and answers callers with 503', async () => {
    const links = await start('nowhere', 'databaseUrl');
    const headers = { Authorization: `Bearer ${API_KEY}` };
    const answer = await links.request('/api/v1/links/spring', { headers });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
  });

  test('does not start when a secret cannot be read, and names its setting', async () => {
    await expect(start('nobody', 'url')).rejects.toThrow(
      'DATABASE_URL_SECRET names a secret that cannot be read: ',
    );
  });
});

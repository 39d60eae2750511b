import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { loginSetting } from '@terse/platform/function-manifest';
import postgres from 'postgres';
import { MANIFESTS } from '../../functions/manifests.ts';
import { createDatabase } from '../../harness/servers/postgres.ts';
import type { RealServices } from '../real-services.ts';
import { type ContainerLambda, startContainerLambda } from './container-lambda.ts';
import { type SecretsManager, startSecretsManager } from './secrets-manager.ts';

export const API_KEY = 'lambda-test-key-0123456789';
const { makesLoginsOf } = MANIFESTS.migrate;
const node = (args: readonly string[], settings?: Readonly<Record<string, string>>) =>
  promisify(execFile)(process.execPath, args, settings && { env: settings });

/** Runs the Lambda images of functions on real backing services, with one link: `spring`. */
export class LambdaDeployment {
  readonly services: RealServices;
  readonly sql: postgres.Sql;
  readonly secrets: SecretsManager;
  #running: ContainerLambda | undefined;

  constructor(services: RealServices, databaseUrl: string, secrets: SecretsManager) {
    this.services = services;
    this.sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
    this.secrets = secrets;
  }

  /** Settings with which a function reaches Redis. */
  store(): Readonly<Record<string, string>> {
    return {
      UPSTASH_REDIS_REST_URL: this.services.upstashUrl,
      UPSTASH_REDIS_REST_TOKEN_SECRET: this.secrets.reference('redis', 'restToken'),
    };
  }

  /** Starts a function in place of the running one. */
  async start(name: string, settings: Readonly<Record<string, string>>): Promise<ContainerLambda> {
    await this.stop();
    this.#running = await startContainerLambda(name, {
      ...this.secrets.settings,
      LOG_LEVEL: 'warn',
      ...settings,
    });
    return this.#running;
  }

  startFlush(settings: Readonly<Record<string, string>> = {}): Promise<ContainerLambda> {
    return this.start('counter-flush', {
      DATABASE_URL_SECRET: this.secrets.reference('counter-flush', 'url'),
      RABBITMQ_URL_SECRET: this.secrets.reference('broker', 'url'),
      ...this.store(),
      ...settings,
    });
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.stop();
  }

  async close(): Promise<void> {
    await this.stop();
    await this.sql.end();
    this.secrets.close();
  }
}

/** @param functions the functions to bundle. */
export async function openLambdaDeployment(
  services: RealServices,
  ...functions: readonly string[]
): Promise<LambdaDeployment> {
  await node(['infra/bundle/main.ts', 'migrate', 'lambda-secrets', ...functions]);
  const url = await createDatabase(services.databaseUrl, 'lambda');
  const loginOf = (name: string) =>
    Object.assign(new URL(url), { username: `lambda_${name}`, password: 'p' }).href;
  await node(['dist/migrate/main.js'], {
    DATABASE_URL: url,
    ...Object.fromEntries(makesLoginsOf.map((of) => [loginSetting(of), loginOf(of.name)])),
  });
  const secrets = await startSecretsManager({
    ...Object.fromEntries(makesLoginsOf.map(({ name }) => [name, { url: loginOf(name) }])),
    broker: { url: services.rabbitmqUrl },
    nowhere: { url: 'amqp://127.0.0.1:1', databaseUrl: 'postgres://user:p@127.0.0.1:1/terse' },
    redis: { restToken: services.upstashToken },
    admin: { key: API_KEY },
  });
  const deployment = new LambdaDeployment(services, url, secrets);
  await deployment.sql`insert into links (short_code, original_url, created_at, updated_at)
    values ('spring', 'https://example.com/', now(), now())`;
  return deployment;
}

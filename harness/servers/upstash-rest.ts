import { randomUUID } from 'node:crypto';
import { createClient, ErrorReply, RESP_TYPES } from '@redis/client';
import { serve } from '@terse/http/serve';
import { type Context, Hono } from 'hono';
import type { RunningServer } from './running-server.ts';

const CLOSE_WITHIN_MS = 1000;
const RECONNECT_AFTER_MS = 50;
const COMMAND_TIMEOUT_MS = 5000;

/** Commands that would change the state of the shared connection, or block it. */
const REFUSED = new Set(
  'auth blmove blmpop blpop brpop brpoplpush bzmpop bzpopmax bzpopmin client discard exec hello monitor multi psubscribe punsubscribe quit reset select ssubscribe subscribe sunsubscribe unsubscribe unwatch watch'.split(
    ' ',
  ),
);

type Command = readonly string[];
type Outcome = { readonly result: unknown } | { readonly error: string };
/** The outcome of one command, or a failure of the connection. */
type Reply = PromiseSettledResult<unknown>;

interface Connection {
  sendCommand(command: Command): Promise<unknown>;
  destroy(): void;
}

export interface UpstashRestServer extends RunningServer {
  readonly token: string;
}

/**
 * Serves the REST API of Upstash from this process, in front of a real Redis, as
 * https://upstash.com/docs/redis/features/restapi says: one command, a pipeline, a transaction, and base64 answers, but
 * no commands in the path of the URL.
 * @throws Error when that Redis does not answer.
 */
export async function startUpstashRest({ redisUrl }: { redisUrl: string }): Promise<UpstashRestServer> {
  const token = randomUUID();
  let running = await open(redisUrl, token, 0);
  const { port } = running;

  async function restart(): Promise<void> {
    await running.close(CLOSE_WITHIN_MS);
    running = await open(redisUrl, token, port);
  }

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    token,
    pid: undefined,
    kill: () => running.close(0),
    restart,
    stop: () => running.close(CLOSE_WITHIN_MS),
  };
}

interface OpenServer {
  readonly port: number;
  /** Does nothing the second time. */
  close(deadlineMs: number): Promise<void>;
}

async function open(redisUrl: string, token: string, port: number): Promise<OpenServer> {
  const commands = await connect(redisUrl);
  const transactions = await connect(redisUrl);
  const app = createUpstashRestApp({ commands, transactions, token });
  const server = await serve(app, { host: '127.0.0.1', port });
  let closed = false;
  return {
    port: server.port,
    close: async (deadlineMs) => {
      if (closed) return;
      closed = true;
      await server.close(deadlineMs);
      commands.destroy();
      transactions.destroy();
    },
  };
}

async function connect(url: string): Promise<Connection> {
  let connected = false;
  const client = createClient({
    url,
    RESP: 2,
    // A request fails at once while Redis is down.
    disableOfflineQueue: true,
    socket: { reconnectStrategy: () => connected && RECONNECT_AFTER_MS },
    commandOptions: { timeout: COMMAND_TIMEOUT_MS, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  });
  client.on('error', () => undefined);
  await client.connect();
  connected = true;
  return client;
}

interface UpstashRestAppDependencies {
  readonly commands: Connection;
  /** A connection for transactions only, so that no other command gets between MULTI and EXEC. */
  readonly transactions: Connection;
  readonly token: string;
}

function createUpstashRestApp({ commands, transactions, token }: UpstashRestAppDependencies): Hono {
  const app = new Hono();
  const inTurn = createTurns();

  app.use(async (c, next) => {
    if (c.req.header('Authorization') === `Bearer ${token}`) return next();
    return c.json({ error: 'WRONGPASS invalid or missing auth token' }, 401);
  });

  app.post('/', async (c) => {
    const command = parseCommand(await c.req.json());
    const [reply] = await sendAll(commands, [command]);
    const outcome = outcomeOf(reply, answersInBase64(c));
    return c.json(outcome, 'error' in outcome ? 400 : 200);
  });

  app.post('/pipeline', async (c) => {
    const replies = await sendAll(commands, parseCommands(await c.req.json()));
    return c.json(replies.map((reply) => outcomeOf(reply, answersInBase64(c))));
  });

  app.post('/multi-exec', async (c) => {
    const parsed = parseCommands(await c.req.json());
    const replies = await inTurn(() => sendAll(transactions, [['MULTI'], ...parsed, ['EXEC']]));
    const executed = replies.at(-1);
    if (executed?.status !== 'fulfilled') return c.json(outcomeOf(executed, false), 400);
    const results: unknown[] = Array.isArray(executed.value) ? executed.value : [];
    return c.json(results.map((value) => outcomeOf({ status: 'fulfilled', value }, answersInBase64(c))));
  });

  app.notFound((c) => c.json({ error: 'ERR there is no such route' }, 404));

  app.onError((error, c) => {
    if (error instanceof SyntaxError) return c.json({ error: `ERR ${error.message}` }, 400);
    return c.json({ error: `Redis does not answer: ${error.message}` }, 503);
  });

  return app;
}

/** Returns a runner that does one work after another, in order of arrival. */
function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };
}

/**
 * Sends commands one right after another.
 * @throws Error when one failed otherwise than by a refusal of Redis.
 */
async function sendAll(connection: Connection, commands: readonly Command[]): Promise<Reply[]> {
  const replies = await Promise.allSettled(commands.map((command) => connection.sendCommand(command)));
  for (const reply of replies) {
    if (reply.status === 'rejected' && !(reply.reason instanceof ErrorReply)) throw reply.reason;
  }
  return replies;
}

function parseCommands(body: unknown): Command[] {
  if (!Array.isArray(body) || body.length === 0) throw new SyntaxError('not an array of commands');
  return body.map(parseCommand);
}

function parseCommand(body: unknown): Command {
  if (!Array.isArray(body) || body.length === 0) throw new SyntaxError('not a command');
  const [name = '', ...args] = body.map((argument: unknown) => {
    if (typeof argument === 'string' || typeof argument === 'number' || typeof argument === 'boolean') {
      return String(argument);
    }
    throw new SyntaxError('an argument is no string, number or boolean');
  });
  if (REFUSED.has(name.toLowerCase())) throw new SyntaxError(`Command is not available: '${name}'`);
  return [name, ...args];
}

function answersInBase64(c: Context): boolean {
  return c.req.header('Upstash-Encoding') === 'base64';
}

function outcomeOf(reply: Reply | undefined, base64: boolean): Outcome {
  if (reply?.status !== 'fulfilled') return { error: messageOf(reply?.reason) };
  if (reply.value instanceof ErrorReply) return { error: reply.value.message };
  return { result: reply.value === 'OK' ? 'OK' : encode(reply.value, base64 ? 'base64' : 'utf8') };
}

function encode(value: unknown, encoding: BufferEncoding): unknown {
  if (Array.isArray(value)) return value.map((item) => encode(item, encoding));
  if (value instanceof ErrorReply) return encode(value.message, encoding);
  if (typeof value === 'string') return Buffer.from(value).toString(encoding);
  return Buffer.isBuffer(value) ? value.toString(encoding) : value;
}

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}

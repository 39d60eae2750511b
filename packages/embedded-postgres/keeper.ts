import { setTimeout as sleep } from 'node:timers/promises';
import type { Identity } from './identity.ts';
import { type Server, startServer } from './server.ts';
import { endSurvivor } from './survivor.ts';

export type EmbeddedPostgresEvent =
  | { readonly kind: 'log'; readonly severity: string; readonly text: string }
  /** The server ended, or could not be started again. The next try is a second later. */
  | { readonly kind: 'down'; readonly reason: string }
  | { readonly kind: 'up again' };

export interface KeeperOptions {
  readonly postgres: string;
  readonly cluster: string;
  readonly identity: Identity | undefined;
  readonly settings: Readonly<Record<string, string>>;
  /** Whether the folder of the database is still the one that was locked. */
  readonly isInPlace: () => boolean;
  readonly onEvent: (event: EmbeddedPostgresEvent) => void;
}

export interface Keeper {
  /** Stops the server, and starts it no more. */
  stop(): Promise<void>;
  /** Stops it, too, but writes nothing more. The next start recovers what was committed. */
  drop(): Promise<void>;
}

const AGAIN_AFTER_MS = 1000;
const LOOK_EVERY_MS = 1000;
const NOT_IN_PLACE = 'its folder was removed or replaced';
/** Lines that a server logs when one of its processes crashes, when it restarts after that, and when it is up. */
const CRASHED = / \(PID \d+\) (was terminated by signal|exited with exit code) /;
const BEGINS_ANEW = 'all server processes terminated; reinitializing';
const IS_UP = 'database system is ready to accept connections';

/**
 * Starts a server, and keeps it running until it is stopped.
 *
 * | state | the server                                           | becomes                                            |
 * | ----- | ---------------------------------------------------- | -------------------------------------------------- |
 * | up    | takes connections                                    | down when it ends, crashes, or its folder is gone  |
 * | down  | is started each second, while its folder is in place | up when it takes connections                       |
 *
 * @throws Error in one line when it cannot be started the first time.
 */
export async function keepServer(options: KeeperOptions): Promise<Keeper> {
  const keeper = new ServerKeeper(options);
  await keeper.start();
  return keeper;
}

class ServerKeeper implements Keeper {
  readonly #options: KeeperOptions;
  readonly #stopping = new AbortController();
  #server: Server | undefined;
  #keeping: Promise<void> = Promise.resolve();
  #looking: NodeJS.Timeout | undefined;
  /** Why it is down; `undefined` while it is up. */
  #downBecause: string | undefined = 'it is being started';
  #crash: string | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#server = await this.#startServer();
    this.#downBecause = undefined;
    this.#keeping = this.#keep(this.#server);
    this.#looking = setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
  }

  stop(): Promise<void> {
    return this.#end((server) => server.stop());
  }

  drop(): Promise<void> {
    return this.#end((server) => server.drop());
  }

  async #end(how: (server: Server) => Promise<void>): Promise<void> {
    clearInterval(this.#looking);
    this.#stopping.abort();
    if (this.#server) await how(this.#server);
    await this.#keeping;
  }

  async #keep(first: Server): Promise<void> {
    const { signal } = this.#stopping;
    let server: Server | undefined = first;
    while (!signal.aborted) {
      this.#server = server;
      const reason = await server?.ended;
      if (reason !== undefined) this.#isDown(this.#options.isInPlace() ? reason : NOT_IN_PLACE);
      server = undefined;
      await sleep(AGAIN_AFTER_MS, undefined, { signal }).catch(() => {});
      if (!signal.aborted) server = await this.#startAgain();
    }
    // The server was starting again when the stop came.
    await server?.stop();
  }

  async #startAgain(): Promise<Server | undefined> {
    try {
      if (!this.#options.isInPlace()) throw new Error(NOT_IN_PLACE);
      await endSurvivor(this.#options.cluster);
      const server = await this.#startServer();
      this.#isUp();
      return server;
    } catch (error) {
      this.#isDown(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  #startServer(): Promise<Server> {
    return startServer({
      ...this.#options,
      stopping: this.#stopping.signal,
      onLine: (line) => this.#hear(line),
    });
  }

  #hear(line: string): void {
    const [, severity = 'LOG', text = line] = /^([A-Z]+): +(.*)/.exec(line) ?? [];
    const isFault = severity !== 'LOG' && this.#downBecause === undefined;
    // While the server is down, `#isDown` reports each fault once.
    this.#options.onEvent({ kind: 'log', severity: isFault ? severity : 'LOG', text });
    if (severity === 'PANIC') this.#crash = text;
    else if (CRASHED.test(text)) this.#crash ??= text;
    if (text === BEGINS_ANEW) this.#isDown(this.#crash ?? text);
    if (text === IS_UP && this.#server) this.#isUp();
  }

  /** Ends a server whose folder was removed, because its writes are lost. */
  #look(): void {
    if (this.#downBecause === undefined && !this.#options.isInPlace()) void this.#server?.drop();
  }

  /** Reports a reason once, until it changes. Numbers do not count, because names of temporary files differ by them. */
  #isDown(reason: string): void {
    this.#crash = undefined;
    const same = (text: string | undefined) => text?.replaceAll(/\d+/g, '');
    if (same(this.#downBecause) === same(reason) || this.#stopping.signal.aborted) return;
    this.#downBecause = reason;
    this.#options.onEvent({ kind: 'down', reason });
  }

  #isUp(): void {
    if (this.#downBecause === undefined) return;
    this.#downBecause = undefined;
    this.#options.onEvent({ kind: 'up again' });
  }
}

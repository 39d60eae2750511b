import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { ensureDebianPackages } from '../../harness/servers/debian-packages.ts';
import type { SampleRequest } from '../data/samples.ts';
import type { Cores } from '../machine/cores.ts';

const WRK = '/usr/bin/wrk';
const SCRIPT = fileURLToPath(new URL('visitors.lua', import.meta.url));
const GRACE_MS = 20_000;

const outcomeSchema = z.object({
  /** Requests that were answered with a status below 400. */
  completed: z.int(),
  seconds: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  p999Ms: z.number(),
  /** Answers with a status of 400 or more. */
  refused: z.int(),
  /** Connections that broke, and requests that timed out. */
  broken: z.int(),
});

export interface Load extends z.infer<typeof outcomeSchema> {
  readonly perSecond: number;
  /** The most requests that may have been answered after time was up, and so are not counted as completed. */
  readonly maxUncounted: number;
}

export interface LoadOptions {
  readonly url: string;
  readonly requests: readonly SampleRequest[];
  readonly connections: number;
  readonly seconds: number;
  readonly cores: Cores;
}

const execute = promisify(execFile);

/** By then V8 has compiled the hot code, on a thread that shares the core. */
export const WARM_UP_SECONDS = 4;
const LEAD_IN_SECONDS = 1;

/** Concurrent visitors, unless a suite is about their number. */
export const CONNECTIONS = 32;

/** Installs `wrk` where this process may, and otherwise says how to. */
export async function prepareLoad(report: (line: string) => void): Promise<void> {
  await ensureDebianPackages(['wrk'], { report }).catch((error: unknown) => {
    report(`${error instanceof Error ? error.message : String(error)}\nWithout wrk, suites under load fail.`);
  });
}

/**
 * Sends requests over all connections, each request as soon as the one before it is answered.
 * @throws Error when one was refused or broken.
 */
export async function load(options: LoadOptions): Promise<Load> {
  const outcome = await loadLeniently(options);
  if (outcome.refused > 0 || outcome.broken > 0) {
    throw new Error(`${outcome.refused} requests were refused and ${outcome.broken} broken.`);
  }
  return outcome;
}

/** Does the same for `WARM_UP_SECONDS`, and ignores refusals: one suite measures how a cold process behaves. */
export async function warmUp(options: Omit<LoadOptions, 'seconds'>): Promise<Load> {
  return loadLeniently({ ...options, seconds: WARM_UP_SECONDS });
}

/**
 * Does the same for a second, right before a measured run. In the pause between two runs, links in memory have become
 * too old and V8 has collected garbage; a run does not measure how load sets in.
 */
export async function leadIn(options: Omit<LoadOptions, 'seconds'>): Promise<Load> {
  return load({ ...options, seconds: LEAD_IN_SECONDS });
}

async function loadLeniently(options: LoadOptions): Promise<Load> {
  const { connections, seconds } = options;
  const directory = await mkdtemp(join(tmpdir(), 'terse-load-'));
  try {
    const [program = '', ...args] = await command(options, join(directory, 'requests'));
    const { stdout } = await execute(program, args, { timeout: seconds * 1000 + GRACE_MS });
    const outcome = outcomeSchema.parse(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? ''));
    return { ...outcome, perSecond: outcome.completed / outcome.seconds, maxUncounted: connections };
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function command(options: LoadOptions, file: string): Promise<readonly string[]> {
  const { url, requests, connections, seconds, cores } = options;
  await writeFile(file, requests.map((request) => asText(request, new URL(url).host)).join('\0'));
  return cores.besideFirst([
    WRK,
    '--threads=1',
    `--connections=${connections}`,
    `--duration=${seconds}s`,
    '--timeout=10s',
    `--script=${SCRIPT}`,
    url,
    '--',
    file,
  ]);
}

function asText({ method, path, headers, body = '' }: SampleRequest, host: string): string {
  const lines = Object.entries({
    Host: host,
    ...headers,
    ...(body && { 'Content-Length': String(Buffer.byteLength(body)) }),
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../harness/processes/free-ports.ts';
import { alternate } from '../harness/alternate.ts';
import { type Command, folderOf, type Ports } from '../harness/deployment.ts';
import { codeOf } from '../harness/samples.ts';
import { fillCache, seedLinks } from '../harness/seed.ts';
import { statusOf } from '../../harness/processes/status-of.ts';
import { memoryOf } from '../harness/usage.ts';
import { number, withSpread } from '../report.ts';
import { median, spread } from '../statistics.ts';
import type { Finding, Suite } from '../suite.ts';
import type { Cores } from '../harness/cores.ts';

const OTHERS = ['links', 'stats', 'visit-writer', 'counter-flush'] as const;
const STARTS_PER_PAIR = 3;
const MAX_BEYOND_NODE_MS = 120;
const REST_MS = 500;
const POLL_MS = 2;

interface Candidate {
  readonly what: string;
  readonly commandAt: (ports: Ports) => Command;
  readonly path: string;
  readonly status: number;
  /** Where it answers. */
  readonly at: keyof Ports;
  /** Shown for comparison, without a goal. */
  readonly isReference?: boolean;
}

/** Milliseconds from the start of a process to its first answer, and its memory half a second later. */
async function startOnce({
  what,
  commandAt,
  path,
  status,
  at,
}: Candidate): Promise<{ ms: number; restMb: number }> {
  const [port = 0, internalPort = 0] = await freePorts(2);
  const ports = { port, internalPort };
  const { command, settings } = commandAt(ports);
  const [program = '', ...args] = command;
  const begin = performance.now();
  const child = spawn(program, args, { env: { PATH: '', ...settings }, stdio: 'inherit' });
  const ended = once(child, 'exit');
  const url = `http://127.0.0.1:${ports[at]}${path}`;
  let answered = await statusOf(url);
  while (answered === undefined && child.exitCode === null) {
    await sleep(POLL_MS);
    answered = await statusOf(url);
  }
  const ms = performance.now() - begin;
  if (answered !== status) throw new Error(`${what} first answered ${answered} to ${path}.`);
  await sleep(REST_MS);
  const restMb = memoryOf(child.pid ?? 0).nowMb;
  child.kill('SIGTERM');
  await ended;
  return { ms, restMb };
}

async function emptyNode(cores: Cores): Promise<number> {
  const [program = '', ...args] = cores.alone([process.execPath, '-e', '0']);
  const begin = performance.now();
  await once(spawn(program, args, { env: {} }), 'exit');
  return performance.now() - begin;
}

export const start: Suite = {
  name: 'start',
  run: async ({ openDeployment, cores, pairs }) => {
    const deployment = await openDeployment();
    await seedLinks(deployment.sql, 10);
    await fillCache(deployment, 10);
    const notCompiled = await mkdtemp(join(tmpdir(), 'terse-not-compiled-'));
    await cp(folderOf('redirect'), notCompiled, {
      recursive: true,
      filter: (file) => !file.endsWith('.compiled'),
    });
    const live = { path: '/.live', status: 200, at: 'internalPort' } as const;
    const redirected = { path: `/${codeOf(1)}`, status: 307, at: 'port' } as const;
    const candidates: readonly Candidate[] = [
      {
        what: 'bare Hono',
        commandAt: deployment.commandOfBareHono,
        ...live,
        at: 'port',
        isReference: true,
      },
      { what: 'redirect', commandAt: (ports) => deployment.commandOf('redirect', ports), ...redirected },
      {
        what: 'redirect without what was compiled beforehand',
        commandAt: (ports) => deployment.commandOf('redirect', ports, notCompiled),
        ...redirected,
        isReference: true,
      },
      ...OTHERS.map((name): Candidate => ({
        what: name,
        commandAt: (ports) => deployment.commandOf(name, ports),
        path: live.path,
        status: live.status,
        at: live.at,
      })),
    ];
    const findings: Finding[] = [];
    for (const candidate of candidates) {
      await startOnce(candidate);
      const measured = await alternate(
        pairs * STARTS_PER_PAIR,
        () => startOnce(candidate),
        () => emptyNode(cores),
      );
      const beyond = spread(measured.map(({ subject, reference }) => subject.ms - reference));
      findings.push({
        what: `${candidate.what}: ms to the first answer beyond \`node -e 0\``,
        size: `${measured.length} starts`,
        measured: `${withSpread(beyond)}; at rest ${number(median(measured.map(({ subject }) => subject.restMb)))} MB`,
        ...(!candidate.isReference && {
          goal: `≤ ${MAX_BEYOND_NODE_MS}`,
          met: beyond.median <= MAX_BEYOND_NODE_MS,
        }),
      });
    }
    await rm(notCompiled, { recursive: true });
    return findings;
  },
};

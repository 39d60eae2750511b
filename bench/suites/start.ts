import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../harness/processes/free-ports.ts';
import type { Settings } from '../../harness/processes/function-process.ts';
import { startProcess, untilUp } from '../../harness/processes/running-process.ts';
import { statusOf } from '../../harness/processes/status-of.ts';
import { alternate } from '../alternate.ts';
import { FUNCTIONS, folderOf } from '../bundles.ts';
import { codeOf } from '../data/samples.ts';
import { fillCache, seedLinks } from '../data/seed.ts';
import type { Cores } from '../machine/cores.ts';
import { memoryOf } from '../machine/usage.ts';
import { commandOfBareHono } from '../references/commands.ts';
import { number, withSpread } from '../report.ts';
import { median, spread } from '../statistics.ts';
import type { Finding, Suite } from '../suite.ts';

const OTHERS = FUNCTIONS.filter((name) => name !== 'redirect');
const STARTS_PER_PAIR = 3;
const MAX_BEYOND_NODE_MS = 120;
const REST_MS = 500;
const POLL_MS = 2;

interface Candidate {
  readonly what: string;
  readonly command: readonly string[];
  readonly settings: Settings;
  readonly path: string;
  readonly status: number;
  /** The setting that has the port of the answer. */
  readonly at: 'PORT' | 'INTERNAL_PORT';
  /** Shown for comparison, without a goal. */
  readonly isReference?: boolean;
}

/** Milliseconds from the start of a process to its first answer, and its memory half a second later. */
async function startOnce(candidate: Candidate): Promise<{ ms: number; restMb: number }> {
  const { what, command, settings, path, status, at } = candidate;
  const [port, internalPort] = await freePorts(2);
  const environment = { PATH: '', PORT: `${port}`, INTERNAL_PORT: `${internalPort}`, ...settings };
  const url = `http://127.0.0.1:${environment[at]}${path}`;
  const begin = performance.now();
  const running = await startProcess(command, { environment });
  let answered: number | undefined;
  const answers = async () => (answered = await statusOf(url)) !== undefined;
  await untilUp(running, answers, { everyMs: POLL_MS });
  const ms = performance.now() - begin;
  if (answered !== status) throw new Error(`${what} first answered ${answered} to ${path}.`);
  await sleep(REST_MS);
  const restMb = memoryOf(running.pid).nowMb;
  await running.end('SIGTERM');
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
    const live = { path: '/.live', status: 200, at: 'INTERNAL_PORT' } as const;
    const redirected = { path: `/${codeOf(1)}`, status: 307, at: 'PORT' } as const;
    const { settings } = deployment;
    const commandIn = (folder: string) => cores.alone([process.execPath, join(folder, 'main.js')]);
    const candidates: readonly Candidate[] = [
      {
        what: 'bare Hono',
        command: commandOfBareHono(cores),
        settings,
        ...live,
        at: 'PORT',
        isReference: true,
      },
      { what: 'redirect', command: commandIn(folderOf('redirect')), settings, ...redirected },
      {
        what: 'redirect without what was compiled beforehand',
        command: commandIn(notCompiled),
        settings,
        ...redirected,
        isReference: true,
      },
      ...OTHERS.map((name) => ({
        what: name,
        command: commandIn(folderOf(name)),
        settings,
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

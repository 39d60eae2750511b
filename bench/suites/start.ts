import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../tests/stack/free-ports.ts';
import { alternate } from '../harness/alternate.ts';
import type { BenchFunction, House } from '../harness/house.ts';
import { codeOf } from '../harness/samples.ts';
import { fillCache, seedLinks } from '../harness/seed.ts';
import { memoryOf } from '../harness/usage.ts';
import { number, withSpread } from '../report.ts';
import { median, spread } from '../statistics.ts';
import type { Finding, Suite } from '../suite.ts';
import type { Cores } from '../harness/cores.ts';

const STARTS_PER_PAIR = 5;
const MAX_BEYOND_NODE_MS = 120;
const REST_MS = 1000;
const POLL_MS = 2;

/** Milliseconds from the start of a function to its first answer, and its memory a second later. */
async function startOnce(
  house: House,
  name: BenchFunction,
  path: string,
  status: number,
): Promise<{ ms: number; restMb: number }> {
  const [port = 0] = await freePorts(1);
  const { command, settings } = house.commandOf(name, port);
  const [program = '', ...args] = command;
  const begin = performance.now();
  const child = spawn(program, args, { env: { PATH: '', ...settings }, stdio: 'inherit' });
  const ended = once(child, 'exit');
  let answered = await statusOf(port, path);
  while (answered === undefined && child.exitCode === null) {
    await sleep(POLL_MS);
    answered = await statusOf(port, path);
  }
  const ms = performance.now() - begin;
  if (answered !== status) throw new Error(`${name} first answered ${answered} to ${path}.`);
  await sleep(REST_MS);
  const restMb = memoryOf(child.pid ?? 0).nowMb;
  child.kill('SIGKILL');
  await ended;
  return { ms, restMb };
}

/** `undefined` while nobody listens. */
function statusOf(port: number, path: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on('error', () => resolve(undefined));
  });
}

async function emptyNode(cores: Cores): Promise<number> {
  const [program = '', ...args] = cores.alone([process.execPath, '-e', '0']);
  const begin = performance.now();
  await once(spawn(program, args, { env: {} }), 'exit');
  return performance.now() - begin;
}

export const start: Suite = {
  name: 'start',
  run: async ({ openHouse, cores, pairs }) => {
    const house = await openHouse();
    await seedLinks(house.sql, 10);
    await fillCache(house, 10);
    const firsts: readonly { name: BenchFunction; path: string; status: number }[] = [
      { name: 'redirect', path: `/${codeOf(1)}`, status: 307 },
      { name: 'links', path: '/.live', status: 200 },
      { name: 'stats', path: '/.live', status: 200 },
      { name: 'visit-writer', path: '/.live', status: 200 },
      { name: 'counter-flush', path: '/.live', status: 200 },
    ];
    const findings: Finding[] = [];
    for (const { name, path, status } of firsts) {
      const measured = await alternate(
        pairs * STARTS_PER_PAIR,
        () => startOnce(house, name, path, status),
        () => emptyNode(cores),
      );
      const beyond = spread(measured.map(({ subject, reference }) => subject.ms - reference));
      findings.push({
        what: `${name}: ms to the first answer (${path === '/.live' ? path : 'a redirect'}) beyond \`node -e 0\``,
        size: `${measured.length} starts`,
        goal: `≤ ${MAX_BEYOND_NODE_MS}`,
        measured: `${withSpread(beyond)}; at rest ${number(median(measured.map(({ subject }) => subject.restMb)))} MB`,
        met: beyond.median <= MAX_BEYOND_NODE_MS,
      });
      if (name === 'redirect')
        findings.push({
          what: '`node -e 0`, ms',
          size: `${measured.length} starts`,
          measured: withSpread(spread(measured.map(({ reference }) => reference))),
        });
    }
    return findings;
  },
};

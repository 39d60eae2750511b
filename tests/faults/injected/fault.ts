import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultProxy } from '../../../harness/deployment/fault-proxy.ts';
import type { RunningServer } from '../../../harness/servers/running-server.ts';
import type { FaultyDeployment } from '../faulty-deployment.ts';

/** A fault to inject and to heal. */
export interface Fault {
  readonly name: string;
  /** What it disturbs: faults that touch different things may be injected at once. */
  readonly touches: readonly string[];
  /** What visitors may see meanwhile instead of a redirect: a status, or `broken` for a broken connection. */
  readonly visitorsMaySee?: readonly string[];
  /**
   * Injects the fault and heals it before it resolves or rejects.
   * @param code of the link that is visited meanwhile.
   */
  inject(deployment: FaultyDeployment, code: string): Promise<void>;
}

/** Ends servers, and starts them again after `ms`. */
export async function whileDown(
  how: 'kill' | 'stop',
  servers: readonly RunningServer[],
  ms: number,
): Promise<void> {
  await Promise.all(servers.map((server) => server[how]()));
  await sleep(ms);
  await Promise.all(servers.map((server) => server.restart()));
}

/** Suspends processes for `ms`. */
export async function whileStopped(pids: readonly (number | undefined)[], ms: number): Promise<void> {
  const running = pids.map((pid) => pid ?? assert.fail('The process does not run.'));
  for (const pid of running) process.kill(pid, 'SIGSTOP');
  await sleep(ms);
  for (const pid of running) process.kill(pid, 'SIGCONT');
}

/** Injects a fault into the network before a server, so many times and each time for `ms`. */
export async function whileBad(
  proxy: FaultProxy,
  disturb: (proxy: FaultProxy) => void,
  ms: number,
  times = 1,
): Promise<void> {
  for (let time = 0; time < times; time++) {
    disturb(proxy);
    await sleep(ms);
    proxy.heal();
  }
}

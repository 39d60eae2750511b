import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultProxy } from '../../../harness/deployment/fault-proxy.ts';
import type { RunningServer } from '../../../harness/servers/running-server.ts';
import type { FaultyDeployment } from '../faulty-deployment.ts';

/** A fault that is injected, and healed. */
export interface Fault {
  readonly name: string;
  /** What it has for itself: faults that touch different things may be injected at once. */
  readonly touches: readonly string[];
  /** What visitors may see instead of a redirect meanwhile: a status, or `broken` for a connection that broke. */
  readonly visitorsMaySee?: readonly string[];
  /**
   * Heals what it did before it is over, also when it fails.
   * @param code of the link that is visited meanwhile.
   */
  inject(deployment: FaultyDeployment, code: string): Promise<void>;
}

/** Ends servers, and starts them again after so long. */
export async function whileDown(
  how: 'kill' | 'stop',
  servers: readonly RunningServer[],
  ms: number,
): Promise<void> {
  await Promise.all(servers.map((server) => server[how]()));
  await sleep(ms);
  await Promise.all(servers.map((server) => server.restart()));
}

/** Lets processes stand still for so long. */
export async function whileStopped(pids: readonly (number | undefined)[], ms: number): Promise<void> {
  const running = pids.map((pid) => pid ?? assert.fail('It does not run.'));
  for (const pid of running) process.kill(pid, 'SIGSTOP');
  await sleep(ms);
  for (const pid of running) process.kill(pid, 'SIGCONT');
}

/** Makes a bad network of the way to a server, so often and each time for so long. */
export async function whileBad(
  proxy: FaultProxy,
  spoil: (proxy: FaultProxy) => void,
  ms: number,
  times = 1,
): Promise<void> {
  for (let time = 0; time < times; time++) {
    spoil(proxy);
    await sleep(ms);
    proxy.heal();
  }
}

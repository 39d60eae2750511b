import { rmSync } from 'node:fs';
import { processTree, signal } from './process-tree.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const pids = new Set<number>();
const directories = new Set<string>();

/**
 * Kills a process when this one ends without having stopped it.
 * @returns a function to call when the process has ended.
 */
export function killOnExit(pid: number): () => void {
  listen();
  pids.add(pid);
  return () => pids.delete(pid);
}

/**
 * Removes a temporary folder when this process ends.
 * @returns a function to call when the folder is gone.
 */
export function removeOnExit(directory: string): () => void {
  listen();
  directories.add(directory);
  return () => directories.delete(directory);
}

let listening = false;

function listen(): void {
  if (listening) return;
  listening = true;
  process.on('exit', cleanUp);
  for (const name of SIGNALS) process.on(name, onSignal);
}

function onSignal(name: NodeJS.Signals): void {
  // Another listener decides how this process ends; 'exit' follows.
  if (process.listenerCount(name) > 1) return;
  cleanUp();
  process.off(name, onSignal);
  process.kill(process.pid, name);
}

function cleanUp(): void {
  signal([...pids].flatMap(processTree), 'SIGKILL');
  for (const directory of directories) rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
}

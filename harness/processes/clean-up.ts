import { rmSync } from 'node:fs';
import { processTree, signal } from './process-tree.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const pids = new Set<number>();
const directories = new Set<string>();

/**
 * Sees to it that a process does not outlive this one, should this one end without stopping it.
 * @returns a function to call when the process has ended.
 */
export function killOnExit(pid: number): () => void {
  listen();
  pids.add(pid);
  return () => pids.delete(pid);
}

/**
 * Sees to it that a temporary folder does not outlive this process.
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
  // Somebody else who listens decides how this process ends, and 'exit' comes then.
  if (process.listenerCount(name) > 1) return;
  cleanUp();
  process.off(name, onSignal);
  process.kill(process.pid, name);
}

function cleanUp(): void {
  signal([...pids].flatMap(processTree), 'SIGKILL');
  for (const directory of directories) rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
}

/** Whether a process with this number runs, also one of another user. */
export function isAlive(pid: number): boolean {
  try {
    // 0 and negative numbers mean groups of processes.
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

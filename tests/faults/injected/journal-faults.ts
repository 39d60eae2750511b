import { execFile } from 'node:child_process';
import { rename, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Fault } from './fault.ts';

const touches = ['redirect'];
const run = promisify(execFile);

export const JOURNAL_FAULTS: readonly Fault[] = [
  {
    name: 'disk of the journal full, 2 s',
    touches,
    inject: async (deployment) => {
      const pid = String(deployment.running('redirect')[0]?.pid);
      // The kernel refuses every write that extends a file, as on a full disk.
      await run('prlimit', ['--pid', pid, '--fsize=0:unlimited']);
      await sleep(2000);
      await run('prlimit', ['--pid', pid, '--fsize=unlimited:unlimited']);
    },
  },
  {
    name: 'folder of the journal gone, then RabbitMQ and redirect killed',
    touches: [...touches, 'rabbitmq'],
    visitorsMaySee: ['broken'],
    inject: async (deployment) => {
      await deployment.stack.rabbitmq.kill();
      await sleep(300);
      await rm(deployment.journalDirectory, { recursive: true });
      await sleep(2000);
      await deployment.replace('redirect', 'SIGKILL');
      await deployment.stack.rabbitmq.restart();
    },
  },
  {
    name: 'folder of the journal gone, 2 s',
    touches,
    inject: async ({ journalDirectory }) => {
      await rename(journalDirectory, `${journalDirectory}-gone`);
      await sleep(2000);
      await rm(`${journalDirectory}-gone`, { recursive: true });
    },
  },
];

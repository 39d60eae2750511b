import { join } from 'node:path';
import { onFreePorts } from '../processes/free-ports.ts';
import { converse } from './converse.ts';
import { programDirectory } from './debian-packages.ts';
import { createProgram, makeDirectory, type Program, run, writeSettings } from './program.ts';
import type { RunningServer } from './running-server.ts';

const COOKIE = 'terse-local-stack';
const EPMD = '/usr/bin/epmd';
const NAMES_REQUEST = Buffer.from([0, 1, 110]);
const PROTOCOL_HEADER = Buffer.from([...Buffer.from('AMQP'), 0, 0, 9, 1]);
const CONNECTION_START = Buffer.from([0, 10, 0, 10]);

export interface RabbitmqServer extends RunningServer {
  /** Runs `rabbitmqctl` on it. @throws Error with what it printed unless it succeeds. */
  control(...args: readonly string[]): Promise<void>;
}

/**
 * Starts RabbitMQ with its first user, `guest`, and no plugins.
 * @param directory for its data; created when absent.
 */
export async function startRabbitmq({ directory }: { directory: string }): Promise<RabbitmqServer> {
  const programs = await programDirectory('rabbitmq-server');
  const epmdDirectory = join(directory, 'epmd');
  const controlDirectory = join(directory, 'control');
  for (const each of [directory, epmdDirectory, controlDirectory]) makeDirectory(each);
  return onFreePorts(3, async ([port = 0, distributionPort = 0, epmdPort = 0]) => {
    const node = `terse-${port}`;
    const configuration = join(directory, 'rabbitmq.conf');
    const plugins = join(directory, 'enabled_plugins');
    writeSettings(
      configuration,
      `listeners.tcp.1 = 127.0.0.1:${port}\nlog.file = false\nlog.console = true\nlog.console.level = warning\n`,
    );
    writeSettings(plugins, '[].\n');

    const epmdEnvironment = {
      LANG: 'C.UTF-8',
      ERL_EPMD_PORT: String(epmdPort),
      ERL_EPMD_ADDRESS: '127.0.0.1',
    };

    // Erlang's name server. One that the broker starts would outlive it, with an unknown process id.
    const epmd = createProgram({
      name: 'epmd',
      command: EPMD,
      // Without -d it does not report that the port is taken.
      args: ['-d', '-port', String(epmdPort), '-address', '127.0.0.1'],
      directory: epmdDirectory,
      stopSignal: 'SIGTERM',
      isReady: () => listsNames(epmdPort),
    });
    const broker = createProgram({
      name: 'RabbitMQ',
      command: join(programs, 'rabbitmq-server'),
      args: [],
      directory,
      environment: {
        RABBITMQ_NODENAME: `${node}@localhost`,
        RABBITMQ_DIST_PORT: String(distributionPort),
        RABBITMQ_MNESIA_BASE: join(directory, 'mnesia'),
        RABBITMQ_LOG_BASE: directory,
        RABBITMQ_CONFIG_FILE: configuration,
        RABBITMQ_ENABLED_PLUGINS_FILE: plugins,
        RABBITMQ_CONF_ENV_FILE: '/dev/null',
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `-kernel inet_dist_use_interface {127,0,0,1} -setcookie ${COOKIE}`,
        ...epmdEnvironment,
        // Makes the start script exec the broker instead of waiting for it, so that signals reach the broker.
        RUNNING_UNDER_SYSTEMD: 'true',
      },
      stopSignal: 'SIGTERM',
      isReady: () => greets(port, node),
    });

    await start(epmd, broker);
    return {
      url: `amqp://guest:guest@127.0.0.1:${port}`,
      port,
      get pid() {
        return broker.pid;
      },
      kill: broker.kill,
      control: (...args) =>
        run({
          command: join(programs, 'rabbitmqctl'),
          args: ['--node', `${node}@localhost`, '--erlang-cookie', COOKIE, ...args],
          directory: controlDirectory,
          environment: epmdEnvironment,
        }),
      restart: async () => {
        await broker.stop();
        await start(epmd, broker);
      },
      stop: async () => {
        await broker.stop();
        await epmd.stop();
      },
    };
  });
}

async function start(epmd: Program, broker: Program): Promise<void> {
  if (epmd.pid === undefined) await epmd.start();
  try {
    await broker.start();
  } catch (error) {
    await epmd.stop();
    throw error;
  }
}

/** Whether a name server answers a request for all names: the answer begins with its port. */
async function listsNames(port: number): Promise<boolean> {
  const answer = await converse(port, NAMES_REQUEST, (received) => received.length >= 4);
  return answer?.readUInt32BE() === port;
}

/** Whether a broker of this name answers: its greeting contains the name of its node. */
async function greets(port: number, node: string): Promise<boolean> {
  const answer = await converse(port, PROTOCOL_HEADER, (received) => received.includes(`${node}@`));
  // Type, channel and length of the frame stand before the method.
  return answer?.indexOf(CONNECTION_START) === 7;
}

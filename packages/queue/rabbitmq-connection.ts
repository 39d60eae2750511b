import { Connection } from 'rabbitmq-client';
import { DEAD_QUEUE_OPTIONS } from './rabbitmq-topology.ts';

export interface RabbitmqConnectionOptions {
  readonly url: string;
  /** Shown by the broker beside the connection. */
  readonly name: string;
  /** Called with the error of a connection, which is then made anew. */
  readonly onError: (error: unknown) => void;
}

/** A connection to a broker. After a failure it is made anew, with all that is open on it. */
export function connectRabbitmq({ url, name, onError }: RabbitmqConnectionOptions): Connection {
  const connection = new Connection({
    url,
    connectionName: name,
    // A peer that is gone is noticed within ten seconds instead of two minutes.
    heartbeat: 5,
    connectionTimeout: 5000,
    acquireTimeout: 4000,
    retryLow: 200,
    retryHigh: 5000,
    // The broker's limit. The client's default is a sixteenth of it, too small for a dead letter with long headers.
    frameMax: 131_072,
  });
  connection.on('error', onError);
  // The queue of visits names this one for its dead letters, so it must exist before the first of them.
  connection.on('connection', () => {
    connection.queueDeclare(DEAD_QUEUE_OPTIONS).catch(onError);
  });
  return connection;
}

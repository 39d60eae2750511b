import { Connection } from 'rabbitmq-client';
import { DEAD_QUEUE_OPTIONS } from './rabbitmq-topology.ts';

export interface RabbitmqConnectionOptions {
  readonly url: string;
  /** Shown by the broker beside the connection. */
  readonly name: string;
  /** Called with what went wrong on a connection, which is then made anew. */
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
    // The broker's own bound. The client's is a sixteenth of it, which a dead letter with its headers may not fit in.
    frameMax: 131_072,
  });
  connection.on('error', onError);
  // The queue names the other as its dead-letter queue, which must be there before the first dead letter is.
  connection.on('connection', () => {
    connection.queueDeclare(DEAD_QUEUE_OPTIONS).catch(onError);
  });
  return connection;
}

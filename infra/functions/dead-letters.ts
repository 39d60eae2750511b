import { HTTPS, allowOut } from '../network.ts';
import { runTaskCommand } from '../one-off.ts';
import { COMMON, type Place } from './place.ts';

/** A task for a person to inspect dead letters, because the broker has no public address. */
export function createDeadLetters(place: Place) {
  const { network, queue, images, cluster, group } = place;
  const ownGroup = group('dead-letters');
  queue.admit('DeadLetters', ownGroup);
  allowOut('DeadLetters', ownGroup, HTTPS);
  const task = cluster.createTask({
    name: 'dead-letters',
    image: images.build('dead-letters', 'runtime'),
    cpu: 256,
    memoryMb: 512,
    isServer: false,
    environment: COMMON,
    secrets: { RABBITMQ_URL: [queue.secret, 'url'] },
  });
  return runTaskCommand({ task, cluster, network, group: ownGroup });
}

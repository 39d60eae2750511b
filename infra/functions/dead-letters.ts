import { manifest } from '../../functions/dead-letters/manifest.ts';
import { runTaskCommand } from '../one-off.ts';
import { connect } from './connect.ts';
import type { Place } from './place.ts';

/** Creates a task with which a person inspects dead letters, because the broker has no public address. */
export function createDeadLetters(place: Place) {
  const { name } = manifest;
  const { network, images, cluster } = place;
  const { group, environment, secrets } = connect(place, manifest);
  const task = cluster.createTask({
    name,
    image: images.build(name, 'runtime'),
    cpu: 256,
    memoryMb: 512,
    isServer: false,
    environment,
    secrets,
  });
  return runTaskCommand({ task, cluster, network, group });
}

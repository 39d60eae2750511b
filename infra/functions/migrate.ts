import { loginSetting } from '@terse/platform/function-manifest';
import { manifest } from '../../functions/migrate/manifest.ts';
import { runMigrations } from '../one-off.ts';
import { connect } from './connect.ts';
import type { Place } from './place.ts';

/** Brings the database and its logins up to date, before any function is updated. */
export function createMigrations(place: Place) {
  const { name, makesLoginsOf } = manifest;
  const { network, database, images, cluster } = place;
  const { group, environment, secrets, rules } = connect(place, manifest);
  const logins = makesLoginsOf.map(
    (of) => [loginSetting(of), [database.secretOf(of), 'url'] as const] as const,
  );
  const task = cluster.createTask({
    name,
    image: images.build(name, 'runtime'),
    cpu: 256,
    memoryMb: 512,
    isServer: false,
    environment,
    secrets: { ...secrets, ...Object.fromEntries(logins) },
  });
  return runMigrations({ task, cluster, network, group }, [...database.ready, ...rules]);
}

import type { Login } from '../database.ts';
import { HTTPS, allowOut } from '../network.ts';
import { runMigrations } from '../one-off.ts';
import { COMMON, type Place } from './place.ts';

/** Brings the database up to date, before any function is updated. */
export function createMigrations(place: Place) {
  const { network, database, images, cluster, group } = place;
  const migrateGroup = group('migrate');
  const ways = [...database.admit('Migrate', migrateGroup), allowOut('Migrate', migrateGroup, HTTPS)];
  const functions = [
    'redirect',
    'links',
    'stats',
    'visit-writer',
    'counter-flush',
  ] as const satisfies Login[];
  const task = cluster.createTask({
    name: 'migrate',
    image: images.build('migrate', 'runtime'),
    cpu: 256,
    memoryMb: 512,
    isServer: false,
    environment: COMMON,
    secrets: {
      DATABASE_URL: [database.secrets.owner, 'url'],
      // The logins that the migrations make.
      ...Object.fromEntries(
        functions.map((name) => [
          `${name.replaceAll('-', '_').toUpperCase()}_DATABASE_URL`,
          [database.secrets[name], 'url'] as const,
        ]),
      ),
    },
  });
  const migration = { task, cluster, network, group: migrateGroup };
  return runMigrations(migration, [...database.ready, ...ways]);
}

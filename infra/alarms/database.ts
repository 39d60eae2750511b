import type { Database } from '../database.ts';
import type { Metric } from '../metrics.ts';
import type { Stage } from '../stage.ts';
import type { CreateAlarm } from './alarm.ts';

/** Alarms on metrics that a running instance sends every minute. */
export function createDatabaseAlarms(
  { database: settings }: Stage,
  alarm: CreateAlarm,
  { instance, replica }: Database,
): void {
  watch('Database', instance);
  if (replica) watch('DatabaseReplica', replica);

  function watch(name: string, { identifier }: aws.rds.Instance): void {
    const metric = (metricName: string, stat: string): Metric => ({
      namespace: 'AWS/RDS',
      metricName,
      dimensions: { DBInstanceIdentifier: identifier },
      stat,
    });
    alarm(`${name}Connections`, {
      says: 'The database has few connections left',
      metric: metric('DatabaseConnections', 'Maximum'),
      above: settings.manyConnections,
      minutes: 5,
      withoutData: 'breaching',
    });
    alarm(`${name}Storage`, {
      says: 'The database has less than a tenth of its first disk left, although the disk grows automatically',
      metric: metric('FreeStorageSpace', 'Minimum'),
      below: settings.storageGb * 1024 ** 3 * 0.1,
      minutes: 5,
      withoutData: 'breaching',
    });
    alarm(`${name}Cpu`, {
      says: 'The database is at its limit',
      metric: metric('CPUUtilization', 'Average'),
      above: 85,
      minutes: 15,
      withoutData: 'breaching',
    });
  }
}

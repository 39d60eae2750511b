import { type Logger, pino } from 'pino';
import { standardError } from '../process/standard-streams.ts';

export type { Logger } from 'pino';

/** JSON lines on standard error, so that standard output is left to what a person asked for. */
export function createLog(level: string): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, standardError);
}

import { fileURLToPath } from 'node:url';
import { freePorts } from '../../harness/processes/free-ports.ts';
import {
  type FunctionProcess,
  type Settings,
  startServer,
} from '../../harness/processes/function-process.ts';
import type { Cores } from '../machine/cores.ts';

const BARE_INSERTS = fileURLToPath(new URL('bare-inserts.ts', import.meta.url));
const BARE_HONO = fileURLToPath(new URL('bare-hono.ts', import.meta.url));

/** The command line of a bare Hono that redirects, on the measured core. */
export function commandOfBareHono(cores: Pick<Cores, 'alone'>): readonly string[] {
  return cores.alone([process.execPath, BARE_HONO]);
}

/** The command line that inserts links for so many seconds, on the measured core. */
export function commandOfBareInserts(
  cores: Pick<Cores, 'alone'>,
  databaseUrl: string,
  seconds: number,
): readonly string[] {
  return cores.alone([process.execPath, BARE_INSERTS, databaseUrl, String(seconds)]);
}

/** Starts a bare Hono that redirects. */
export async function startBareHono(
  cores: Pick<Cores, 'alone'>,
  settings: Settings = {},
): Promise<FunctionProcess> {
  const [port = 0] = await freePorts(1);
  // It serves everything at one port.
  const ports = { PORT: String(port), INTERNAL_PORT: String(port) };
  return startServer(commandOfBareHono(cores), { ...settings, ...ports });
}

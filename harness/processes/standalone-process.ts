import { type Api, API_KEY, createApi } from '../clients/api.ts';
import {
  type FunctionProcess,
  mainOf,
  type Settings,
  type StartOptions,
  startServer,
} from './function-process.ts';
import { untilUp } from './running-process.ts';

export interface StandaloneProcess extends FunctionProcess, Api {}

export interface StandaloneOptions extends StartOptions {
  /** The command line that starts it; by default that of `npm start`. */
  readonly command?: readonly string[];
}

/**
 * Starts all functions as one process, as `npm start` does, and waits for its banner.
 * @param directory its `DATA_DIR`.
 * @throws Error with its output when it ends instead, or is not up in time.
 */
export async function startStandalone(
  directory: string,
  settings: Settings = {},
  { command = [process.execPath, mainOf('standalone')], ...options }: StandaloneOptions = {},
): Promise<StandaloneProcess> {
  const terse = await startServer(
    command,
    { DATA_DIR: directory, ADMIN_API_KEY: API_KEY, ...settings },
    options,
  );
  await untilUp(terse, () => terse.output().includes('Terse is ready'));
  return { ...terse, ...createApi(terse.url) };
}
